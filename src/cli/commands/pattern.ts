import { Command, Option } from "commander";
import { ENGINES } from "../../engines/registry.ts";
import { type CliContext, EXIT, withExamples } from "../context.ts";

interface CheckOptions {
  readonly stixVersion?: "2.0" | "2.1";
  readonly json?: boolean;
}

/** `bridge pattern check PATTERN`: what a STIX pattern says, and what can be done with it. */
export function command(context: CliContext): Command {
  const check = withExamples(
    new Command("check")
      .description(
        "Explains a STIX pattern: its tree, what is odd about it, what each engine can do with it, " +
          "and the values that are looked up fast. Exit code 2 if it is no valid pattern.",
      )
      .argument("<pattern>", "the pattern, in quotes")
      .addOption(
        new Option("--stix-version <version>", "read by the grammar of one edition alone")
          .choices(["2.0", "2.1"]),
      )
      .option("--json", "print one JSON object")
      .action(async (pattern: string, options: CheckOptions) => {
        const { explainPattern, renderExplanation } = await import("../pattern_explanation.ts");
        const engines = await Promise.all(Object.values(ENGINES).map((engine) => engine.load()));
        const { stixVersion: version } = options;
        const explanation = explainPattern(pattern, engines, version && { version });
        const text = options.json
          ? JSON.stringify(explanation) + "\n"
          : renderExplanation(explanation);
        await context.print(text);
        if (!explanation.valid) context.exitWith(EXIT.error);
      }),
    [
      ["a single value", "bridge pattern check \"[domain-name:value = 'example.com']\""],
      [
        "a sequence",
        "bridge pattern check \"([ipv4-addr:value = '198.51.100.1'] FOLLOWEDBY " +
        '[network-traffic:dst_port = 4444]) WITHIN 60 SECONDS"',
      ],
    ],
  );
  return new Command("pattern").description("Explains STIX patterns.").addCommand(check);
}
