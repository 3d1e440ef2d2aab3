import { Command } from "commander";
import { CONFIG_KEYS, type ConfigKey } from "../../config/keys.ts";
import { loadConfig } from "../../config/load.ts";
import { type CliContext, withExamples } from "../context.ts";

/** `bridge config`: checks, shows and describes the configuration. */
export function command(context: CliContext): Command {
  const config = new Command("config").description(
    "Check, show or describe the configuration.",
  );
  config.addCommand(checkCommand(context));
  config.addCommand(printCommand(context));
  config.addCommand(schemaCommand(context));
  return withExamples(config, [
    ["is the file sound", "bridge config check config.yaml"],
    ["what is in force here, and why", "bridge config print"],
  ]);
}

function checkCommand(context: CliContext): Command {
  return withExamples(
    new Command("check")
      .description("Check a configuration file; errors name line, column and key.")
      .argument("[file]", "the file; without it the one that would be used")
      .action(async (file?: string) => {
        const loaded = await loadConfig({ file, env: context.env });
        const { checkParts } = await import("../config_check.ts");
        const warn = (text: string) => console.error(`bridge: warning: ${text}`);
        await checkParts(loaded, context.env, warn);
        await context.print(`${loaded.file ?? "no configuration file"}: ok\n`);
      }),
    [["before a restart", "bridge config check /etc/bridge/config.yaml"]],
  );
}

function printCommand(context: CliContext): Command {
  return withExamples(
    new Command("print")
      .description("Print the configuration in force, each value with where it comes from.")
      .option("-c, --config <file>", "the configuration file")
      .option("--json", "as one JSON object")
      .action(async (options: { config?: string; json?: true }) => {
        const { values, origins } = await loadConfig({ file: options.config, env: context.env });
        const { shownValue } = await import("../shown_config.ts");
        const shown = await Promise.all(
          (Object.keys(CONFIG_KEYS) as ConfigKey[]).map(async (key) => ({
            key,
            value: await shownValue(key, values),
            origin: origins[key],
          })),
        );
        if (options.json) {
          const entries = shown.map(({ key, value, origin }) => [key, { value, origin }]);
          await context.print(JSON.stringify(Object.fromEntries(entries), null, 2) + "\n");
          return;
        }
        const lines = shown.map(({ key, value, origin }) =>
          `${key}: ${inText(key, value)}  # ${origin}\n`
        );
        await context.print(lines.join(""));
      }),
    [["what is in force here", "bridge config print"]],
  );
}

function inText(key: ConfigKey, value: unknown): string {
  if (value === undefined) return "(unset)";
  if (CONFIG_KEYS[key].type === "duration") return `${Number(value) / 1000}s`;
  return value === "(hidden)" ? value : JSON.stringify(value);
}

function schemaCommand(context: CliContext): Command {
  return withExamples(
    new Command("schema")
      .description("Print a JSON Schema of the configuration, for editors.")
      .action(async () => {
        const { jsonSchemaOf } = await import("../../config/schema.ts");
        const schema = jsonSchemaOf(CONFIG_KEYS, "Configuration of bridge");
        await context.print(JSON.stringify(schema, null, 2) + "\n");
      }),
    [["for your editor", "bridge config schema > config.schema.json"]],
  );
}
