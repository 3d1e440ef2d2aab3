import { SINKS } from "../../sinks/registry.ts";
import type { SinkSpec } from "../../sinks/sink.ts";
import type { OptionSpec } from "../config/options.ts";
import { FORMATS } from "../formats/registry.ts";

/** docs/sinks.md, from what the sinks and formats say of themselves. */
export async function renderSinkDocs(): Promise<string> {
  const specs = await Promise.all(
    Object.values(SINKS).map(async ({ load }) => (await load()).spec),
  );
  return [
    "# Sinks",
    "",
    "<!-- Made from the code by deno task docs; change it there. -->",
    "",
    "A sink is where matches go. Name sinks with `--sink` (as often as you like; flags win) or in the " +
    "configuration:",
    "",
    "```yaml",
    "sinks:",
    "  - file:/var/log/bridge/hits.json?fsync=true",
    "  - sink: https://soc.example/hooks/bridge",
    "    format: sighting",
    "    batch_size: 500",
    "    headers:",
    "      Authorization: Bearer ${WEBHOOK_TOKEN}",
    "```",
    "",
    "Options stand behind `?` (`#` for URLs, which keep their own query) or in the mapping. The " +
    "ancestor's key `sink` works unchanged: `STDOUT`, or a command that is started for each match.",
    "",
    "| sink | what | forms | guarantee |",
    "| --- | --- | --- | --- |",
    ...specs.map((spec) =>
      row(
        `[${spec.name}](#${spec.name})`,
        spec.summary,
        spec.forms.map(code).join(", "),
        spec.guarantee,
      )
    ),
    "",
    ...specs.flatMap(section),
    ...OWN_SINKS,
    "## Formats",
    "",
    "| format | a line is |",
    "| --- | --- |",
    ...Object.entries(FORMATS).map(([name, { summary }]) => row(code(name), summary)),
    "",
  ].join("\n");
}

function section(spec: SinkSpec): string[] {
  const options = Object.entries(spec.options);
  return [
    `## ${spec.name}`,
    "",
    `${sentence(spec.summary)} A batch is confirmed (${spec.guarantee}) when ${spec.confirms}.`,
    "",
    ...(options.length === 0 ? [] : [
      "| option | type | default | meaning |",
      "| --- | --- | --- | --- |",
      ...options.map(([name, option]) =>
        row(code(name), typeOf(option), defaultOf(option), option.doc)
      ),
      "",
    ]),
    ...spec.examples.map((example) => `    bridge retro --ioc example.com --sink '${example}'`),
    "",
  ];
}

const OWN_SINKS = [
  "## Your own",
  "",
  "A path to a module (`.js`, `.mjs`; `.ts` when bridge runs from source) is a sink of yours. It " +
  "exports `spec` and `open`, and `parse` if its short form is more than the path and options:",
  "",
  "```js",
  "export const spec = {",
  '  name: "shout",',
  '  summary: "lines in capitals on standard error",',
  '  forms: ["./shout.js"],',
  '  options: { suffix: { type: "string", doc: "What every line ends with", default: "!" } },',
  '  guarantee: "at-most-once",',
  '  confirms: "the line was written",',
  '  examples: ["./shout.js?suffix=!!"],',
  "};",
  "",
  "export async function open(options, context, signal) {",
  "  return {",
  "    async write(batch, signal) {",
  "      for (const { body } of batch) {",
  "        console.error(new TextDecoder().decode(body).toUpperCase() + options.suffix);",
  "      }",
  "    },",
  "    async close() {},",
  "  };",
  "}",
  "```",
  "",
  "`write` gets deliveries (`id`, `body`, `ioc`, `matchType`, `indicatorId`) and resolves when they " +
  "are safe. If it rejects, the whole batch is tried again; the interface is in `sinks/sink.ts`.",
  "",
];

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function code(text: string): string {
  return `\`${text}\``;
}

function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}

function typeOf({ type, choices }: OptionSpec): string {
  return choices === undefined ? type : choices.map(code).join(", ");
}

function defaultOf({ default: value, required }: OptionSpec): string {
  if (required) return "required";
  return value === undefined ? "" : code(String(value));
}
