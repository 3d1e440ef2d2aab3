import { Command } from "commander";
import { SINKS } from "../../../sinks/registry.ts";
import type { SinkSpec } from "../../../sinks/sink.ts";
import type { OptionSpec } from "../../config/options.ts";
import { type CliContext, withExamples } from "../context.ts";

/** `bridge sinks list [--json]`: what the sink modules say of themselves. */
export function command(context: CliContext): Command {
  const list = withExamples(
    new Command("list")
      .description("List every sink with its short forms, options and delivery guarantee.")
      .option("--json", "print a JSON array")
      .action(async (options: { json?: boolean }) => {
        const specs = await loadSpecs();
        const text = options.json
          ? JSON.stringify(specs, null, 2) + "\n"
          : specs.map(describe).join("\n");
        await context.print(text);
      }),
    [["show the options of all sinks", "bridge sinks list"], [
      "names alone",
      "bridge sinks list --json | jq -r '.[].name'",
    ]],
  );
  return withExamples(
    new Command("sinks").description("Show where matches can go.").addCommand(list),
    [["every sink, its options and what it guarantees", "bridge sinks list"]],
  );
}

async function loadSpecs(): Promise<SinkSpec[]> {
  const modules = await Promise.all(Object.values(SINKS).map((sink) => sink.load()));
  return modules.map((module) => module.spec);
}

function describe(spec: SinkSpec): string {
  const options = Object.entries(spec.options);
  const width = Math.max(0, ...options.map(([name]) => name.length));
  return [
    `${spec.name}: ${spec.summary}`,
    `  form       ${spec.forms.join("\n             ")}`,
    `  guarantee  ${spec.guarantee}: ${spec.confirms}`,
    ...(options.length === 0 ? [] : ["  options"]),
    ...options.map(([name, option]) => `    ${name.padEnd(width)}  ${describeOption(option)}`),
    ...spec.examples.map((example, at) => `  ${at === 0 ? "example  " : "         "}  ${example}`),
    "",
  ].join("\n");
}

function describeOption(option: OptionSpec): string {
  const notes = [
    option.type,
    ...(option.choices === undefined ? [] : [option.choices.join(" | ")]),
    ...(option.required ? ["required"] : []),
    ...(option.default === undefined ? [] : [`default ${JSON.stringify(option.default)}`]),
  ];
  return `${option.doc} (${notes.join(", ")})`;
}
