/** What in a configuration only its users can check: sinks, commands, keys in files. */
import { parseSinkSpec, type SinkEntryConfig } from "../../sinks/registry.ts";
import { oneOrAll } from "../config/check.ts";
import type { LoadedConfig } from "../config/load.ts";
import { findProgram, parseCommand } from "../command.ts";
import { BridgeError, ConfigError, formatPlace } from "../errors.ts";
import { FORMATS } from "../formats/registry.ts";
import { readTransform } from "../pipeline/transform.ts";
import { busMechanism } from "./bus_security.ts";

/** Gives the program that a part would start, if it starts one. */
type Check = readonly [path: readonly string[], check: () => Program | Promise<Program>];
type Program = string | undefined;

/**
 * Checks the parts as `bridge run` would make them; nothing is opened or started.
 * `remark` hears of programs that are not here, but may be where the file is used.
 *
 * @throws ConfigError or AggregateError of them, with file, line and key
 */
export async function checkParts(
  { values, locate }: Pick<LoadedConfig, "values" | "locate">,
  env: (name: string) => string | undefined,
  remark: (text: string) => void,
): Promise<void> {
  const { sink, sinks = [], transform_context: command } = values;
  const checks: Check[] = [
    ...sinks.map((entry, index): Check => [["sinks", String(index)], () => checkSink(entry)]),
    ...(sink === undefined ? [] : [[["sink"], () => checkSink(sink)] satisfies Check]),
    ...(command === undefined ? [] : [
      [
        ["transform_context"],
        () => readTransform({ command, mode: values["transform.mode"] }).program,
      ] satisfies Check,
    ]),
    [["bus_security"], async () => void await busMechanism(values)],
  ];
  const errors: ConfigError[] = [];
  for (const [path, check] of checks) {
    try {
      const program = await check();
      if (program !== undefined && findProgram(program, env("PATH")) === undefined) {
        const place = formatPlace({ ...locate(path), key: path[0]! });
        remark(`${place}: there is no program ${JSON.stringify(program)} on this machine`);
      }
    } catch (error) {
      errors.push(
        ...[error instanceof AggregateError ? error.errors : error].flat().map((one) => {
          if (!(one instanceof BridgeError)) throw one;
          const [key, index] = path;
          const name = index === undefined ? key! : `${key}[${index}]`;
          const inner = one.place?.key;
          const same = inner === undefined || inner === "sink" || inner === key;
          return new ConfigError(one.message, {
            place: {
              ...locate(path),
              key: same ? name : inner.startsWith(key!) ? inner : `${name}.${inner}`,
            },
            ...(one.hint === undefined ? {} : { hint: one.hint }),
            cause: one,
          });
        }),
      );
    }
  }
  if (errors.length > 0) throw oneOrAll(errors);
}

async function checkSink(entry: SinkEntryConfig): Promise<Program> {
  const { format, module, options } = await parseSinkSpec(entry, { commands: true });
  if (format === undefined || Object.hasOwn(FORMATS, format)) {
    return module.spec.name === "process"
      ? parseCommand(String(options["command"]), "command").program
      : undefined;
  }
  throw new ConfigError(`There is no format ${JSON.stringify(format)}`, {
    hint: `Formats are ${Object.keys(FORMATS).join(", ")}.`,
  });
}
