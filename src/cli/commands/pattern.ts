import { Command, Option } from "commander";
import { ENGINES } from "../../engines/registry.ts";
import { type CliContext, EXIT, withExamples } from "../context.ts";

interface CheckOptions {
  readonly stixVersion?: "2.0" | "2.1";
  readonly json?: boolean;
}

/** `bridge pattern check` tells what a STIX pattern says, `bridge pattern match` evaluates it. */
export function command(context: CliContext): Command {
  const check = withExamples(
    new Command("check")
      .description(
        "Explains a STIX pattern: its tree, what is odd about it, what each engine can do with it, " +
          "and the values that are looked up fast. Exit code 2 if it is no valid pattern.",
      )
      .argument("<pattern>", "the pattern, in quotes")
      .addOption(stixVersion())
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
  const match = withExamples(
    new Command("match")
      .description(
        "Evaluates a STIX pattern on observed-data by the letter of the specification and prints " +
          "the ids of what takes part. Exit code 1 if the pattern doesn't match.",
      )
      .argument("<pattern>", "the pattern, in quotes")
      .argument(
        "<files...>",
        "JSON: observed-data of STIX 2.0, or bundles of 2.1; - is standard input",
      )
      .addOption(stixVersion())
      .action(async (pattern: string, files: string[], options: CheckOptions) => {
        const { matchFiles } = await import("../pattern_match.ts");
        const { stixVersion: version } = options;
        const names = await matchFiles(pattern, files, version && { version });
        await context.print(names.map((name) => `${name}\n`).join(""));
        if (names.length === 0) context.exitWith(EXIT.nothing);
      }),
    [["on a bundle", 'bridge pattern match "[file:size > 1000]" bundle.json']],
  );
  return withExamples(
    new Command("pattern")
      .description("Explains STIX patterns and evaluates them on STIX observed-data.")
      .addCommand(check)
      .addCommand(match),
    [["what does it ask for", `bridge pattern check "[domain-name:value = 'evil.example']"`]],
  );
}

function stixVersion(): Option {
  return new Option("--stix-version <version>", "read by the grammar of one edition alone")
    .choices(["2.0", "2.1"]);
}
