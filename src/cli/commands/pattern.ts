import { Command, Option } from "commander";
import { ENGINES } from "../../engines/registry.ts";
import { InputError, UsageError } from "../../errors.ts";
import { isStandardInput } from "../../standard_input.ts";
import { type CliContext, EXIT, withExamples } from "../context.ts";

interface CheckOptions {
  readonly stixVersion?: "2.0" | "2.1";
  readonly json?: boolean;
}

interface MatchOptions extends CheckOptions {
  readonly patternFile?: string;
  readonly each?: boolean;
}

async function runMatch(
  context: CliContext,
  given: readonly string[],
  options: MatchOptions,
): Promise<void> {
  const { matchFiles, readPatterns, renderVerdict } = await import("../pattern_match.ts");
  const { patternFile, stixVersion: version, each = false, json = false } = options;
  const files = patternFile === undefined ? given.slice(1) : given;
  if (files.length === 0) {
    throw new UsageError("There is nothing to evaluate", {
      hint: "Name a pattern (or --pattern-file) and files of observed-data; - is standard input.",
    });
  }
  if (patternFile !== undefined && isStandardInput(patternFile) && files.some(isStandardInput)) {
    throw new UsageError("Standard input can't be both patterns and observed-data");
  }
  const patterns = patternFile === undefined ? [given[0]!] : await readPatterns(patternFile);
  const alone = patternFile === undefined && !each;
  let matched = false, failed = false;
  for await (const verdict of matchFiles({ patterns, files, each, ...(version && { version }) })) {
    if (verdict.matches) matched = true;
    if (verdict.error !== undefined) {
      failed = true;
      if (!json && alone) throw new InputError(verdict.error);
      if (!json) console.error(`bridge: ${verdict.error}, in ${verdict.pattern}`);
    }
    await context.print(json ? JSON.stringify(verdict) + "\n" : renderVerdict(verdict, alone));
  }
  if (failed) context.exitWith(EXIT.error);
  else if (!matched) context.exitWith(EXIT.nothing);
}

/** `bridge pattern check` tells what a STIX pattern says, `bridge pattern match` evaluates it. */
export function command(context: CliContext): Command {
  const check = withExamples(
    new Command("check")
      .description(
        "Explain a STIX pattern: its tree, what is odd about it, what each engine can do with it, " +
          "and the values that are looked up fast. Exit code 2 if it is no valid pattern.",
      )
      .argument("<pattern>", "the pattern, in quotes")
      .addOption(stixVersion())
      .option("--json", "print one JSON object")
      .action(async (pattern: string, options: CheckOptions) => {
        const { explainPattern, refusal, renderExplanation } = await import(
          "../pattern_explanation.ts"
        );
        const engines = await Promise.all(Object.values(ENGINES).map((engine) => engine.load()));
        const { stixVersion: version } = options;
        try {
          const explanation = await explainPattern(pattern, engines, version && { version });
          const text = options.json
            ? JSON.stringify(explanation) + "\n"
            : renderExplanation(explanation);
          await context.print(text);
          if (!explanation.valid) context.exitWith(EXIT.error);
        } catch (error) {
          if (!options.json) throw error;
          await context.print(JSON.stringify(refusal(pattern, error)) + "\n");
          context.exitWith(EXIT.error);
        }
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
        "Evaluate STIX patterns on observed-data by the letter of the specification and print " +
          "the ids of what takes part. Exit code 0 if a pattern matches, 1 if none does, 2 on errors.",
      )
      .usage(
        "[options] <pattern> <files...>\n       bridge pattern match [options] -p FILE <files...>",
      )
      .argument("[pattern]", "the pattern, in quotes; not with --pattern-file")
      .argument(
        "[files...]",
        "JSON, one value or one a line: observed-data with its objects (STIX 2.0, 2.1), lists of " +
          "objects, bundles; - is standard input",
      )
      .option("-p, --pattern-file <file>", "read patterns, one a line (# begins a comment line)")
      .option("--each", "look at each file by itself, not at all of them together")
      .option(
        "--json",
        'one line for each pattern (and file): {"pattern", "file", "matches", "ids"}, or "error"',
      )
      .addOption(stixVersion())
      .action(async (pattern: string | undefined, rest: string[], options: MatchOptions) => {
        await runMatch(context, [...(pattern === undefined ? [] : [pattern]), ...rest], options);
      }),
    [
      ["on a bundle", 'bridge pattern match "[file:size > 1000]" bundle.json'],
      ["many patterns", "bridge pattern match --json -p patterns.txt --each observed/*.json"],
    ],
  );
  return withExamples(
    new Command("pattern")
      .description("Explain STIX patterns and evaluate them on STIX observed-data.")
      .addCommand(check)
      .addCommand(match),
    [["what does it ask for", `bridge pattern check "[domain-name:value = 'evil.example']"`]],
  );
}

function stixVersion(): Option {
  return new Option("--stix-version <version>", "read by the grammar of one edition alone")
    .choices(["2.0", "2.1"]);
}
