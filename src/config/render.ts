import { environmentNames } from "./config.ts";
import { CONFIG_KEYS } from "./keys.ts";
import type { OptionSpec } from "./options.ts";

/** Everything that people read about the configuration, made from the one table of keys. */

const WIDTH = 96;

/** The text of `config.yaml.example`: every key with its meaning; what has no default is commented out. */
export function renderExample(): string {
  const lines = [
    "# Configuration of bridge. Every key may be left out; the values are the defaults.",
    "# Environment variables win over this file, flags win over both. A config.yaml of",
    "# vast-threatbus works as it is. Check yours with `bridge config check FILE`.",
  ];
  let group: string | undefined;
  for (const [name, spec] of Object.entries(CONFIG_KEYS) as [string, OptionSpec][]) {
    const parts = name.split(".");
    const indent = parts.length > 1 ? "  " : "";
    if (parts.length > 1 && parts[0] !== group) lines.push("", `${parts[0]}:`);
    else if (parts.length === 1) lines.push("");
    group = parts.length > 1 ? parts[0] : undefined;
    lines.push(...wrap(comment(spec), `${indent}# `), indent + setting(parts.at(-1)!, spec));
  }
  return lines.join("\n") + "\n";
}

function comment(spec: OptionSpec): string {
  const choices = spec.choices === undefined ? "" : ` (${spec.choices.join(", ")})`;
  return `${spec.doc}${choices}.`;
}

function setting(name: string, spec: OptionSpec): string {
  if (spec.default !== undefined) return `${name}: ${yamlValue(spec.default)}`;
  if (name === "sinks") {
    return `# ${name}: [stdout, {sink: "file:/var/log/hits.json", format: match}]`;
  }
  return `# ${name}: ${spec.example === undefined ? "" : yamlValue(spec.example)}`.trimEnd();
}

function yamlValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(yamlValue).join(", ")}]`;
  if (typeof value !== "string") return String(value);
  return /^[\w./-]+(:\d+)?$/.test(value) ? value : JSON.stringify(value);
}

function wrap(text: string, prefix: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && prefix.length + line.length + 1 + word.length > WIDTH) {
      lines.push(prefix + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, prefix + line];
}

/** The text of `docs/configuration.md`. */
export function renderConfigDocs(): string {
  const rows = (Object.entries(CONFIG_KEYS) as [string, OptionSpec][]).map(([name, spec]) => {
    const value = spec.default === undefined ? "" : `\`${yamlValue(spec.default)}\``;
    return `| \`${name}\` | ${spec.type} | ${value} | ${comment(spec)} | \`${
      environmentNames(name)[0]
    }\` |`;
  });
  return `# Configuration

Made from \`src/config/keys.ts\` by \`deno task docs\`; don't edit.

A flag wins over an environment variable, which wins over the file, which wins over the default. The file is the one that \`--config\` or \`BRIDGE_CONFIG\` names, else the first of \`config.yaml\` and \`config.yml\` in the working directory, \`$XDG_CONFIG_HOME/bridge/config.yaml\`, \`/etc/bridge/config.yaml\`. Durations are seconds or texts such as \`90s\`, \`7d\`; sizes are bytes or texts such as \`64KiB\`, \`1GiB\`. The ancestor's variables (\`VAST_THREATBUS_…\`, nested keys with two underscores) count too, after ours. Lists in variables are separated by commas. \`bridge config print\` shows what is in force and where it comes from, \`bridge config schema\` a JSON Schema for editors.

| key | type | default | meaning | variable |
| --- | --- | --- | --- | --- |
${rows.join("\n")}
`;
}
