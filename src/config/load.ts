import { existsSync } from "node:fs";
import { ConfigError } from "../errors.ts";
import { isStandardInput, readStandardInput } from "../standard_input.ts";
import { reasonOf } from "../system_error.ts";
import { isJsonObject } from "../json.ts";
import type { Locate } from "./check.ts";
import { type Config, defaultsOf, environmentNames, type Origins } from "./config.ts";
import { CONFIG_KEYS, type ConfigKey } from "./keys.ts";
import type { OptionSpec } from "./options.ts";

/** Reads an environment variable; unset and empty are the same. */
export type Environment = (name: string) => string | undefined;

/** What `loadConfig` found. */
export interface LoadedConfig {
  readonly values: Config;
  readonly origins: Origins;
  /** The file that was read, if any. */
  readonly file?: string;
  /** Where a key or one of its entries stands, as far as it is in the file. */
  readonly locate: Locate;
}

/** Where configuration may come from. */
export interface LoadOptions {
  /** `--config`; it has to exist. */
  readonly file?: string | undefined;
  readonly env: Environment;
}

const KEYS = Object.keys(CONFIG_KEYS) as ConfigKey[];

/**
 * Loads the configuration: environment over file over defaults (flags are laid
 * over it by the commands). Without a file or variables nothing is imported.
 *
 * @throws ConfigError or AggregateError of them, with file, line, column and key
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const file = await findFile(options);
  const variables = readEnvironment(options.env);
  const origins = Object.fromEntries(KEYS.map((key) => [key, "default"])) as Record<
    ConfigKey,
    string
  >;
  if (file === undefined && variables.size === 0) {
    return { values: defaultsOf(CONFIG_KEYS), origins, locate: () => ({}) };
  }
  const { checkOptions } = await import("./check.ts");
  const raw: Record<string, unknown> = file === undefined ? {} : structuredClone(file.value);
  for (const key of KEYS) {
    const path = key.split(".");
    const given = getIn(raw, path);
    if (given !== undefined) {
      origins[key] = `${file?.path}:${file?.locate(path).line ?? "?"}`;
      if (isQuoted(given, CONFIG_KEYS[key])) setIn(raw, path, fromText(CONFIG_KEYS[key], given));
    }
    const variable = variables.get(key);
    if (variable === undefined) continue;
    setIn(raw, path, variable.value);
    origins[key] = `environment ${variable.name}`;
  }
  const locate: Locate = (path) => {
    const variable = variables.get(path.join(".") as ConfigKey) ??
      variables.get(path[0] as ConfigKey);
    if (variable !== undefined) return { file: `environment ${variable.name}` };
    return file?.locate(path) ?? {};
  };
  const values = checkOptions(CONFIG_KEYS, raw, locate);
  const config = withAncestorDefaults(values as unknown as Config, origins);
  return { values: config, origins, locate, ...(file === undefined ? {} : { file: file.path }) };
}

/** The ancestor wrote its metrics file by default; a config that speaks of metrics still gets it. */
function withAncestorDefaults(config: Config, origins: Origins): Config {
  const asked = origins["metrics.interval"] !== "default" && config["metrics.interval"] > 0;
  if (!asked || config["metrics.filename"] !== undefined) return config;
  return { ...config, "metrics.filename": "metrics.log" };
}

/** The files looked for when none is named, the first that exists counts. */
function usualFiles(env: Environment): string[] {
  const home = env("HOME");
  const user = env("XDG_CONFIG_HOME") ?? (home === undefined ? undefined : `${home}/.config`);
  return [
    "config.yaml",
    "config.yml",
    ...(user === undefined ? [] : [`${user}/bridge/config.yaml`]),
    "/etc/bridge/config.yaml",
  ];
}

async function findFile(options: LoadOptions) {
  const named = options.file ?? options.env("BRIDGE_CONFIG");
  if (named !== undefined) return await readFile(named);
  for (const path of usualFiles(options.env)) {
    if (!isFile(path)) continue;
    const file = await readFile(path);
    // Many programs have a config.yaml: one in the working directory without a key of ours is not ours.
    if (path.includes("/") || Object.keys(file.value).some(isOurs)) return file;
  }
}

const isOurs = (key: string) => KEYS.some((known) => known.split(".")[0] === key);

function isFile(path: string): boolean {
  // Mostly none of the files is there, and an error takes a quarter of a millisecond to make.
  if (!existsSync(path)) return false;
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

async function readFile(name: string) {
  const piped = isStandardInput(name);
  const path = piped ? "stdin" : name;
  let text: string;
  try {
    text = piped ? await readStandardInput() : await Deno.readTextFile(path);
  } catch (error) {
    throw new ConfigError(`Can't read the configuration: ${reasonOf(error)}`, {
      place: { file: path },
      hint: "Name another file with --config.",
      cause: error,
    });
  }
  const { parseConfigFile } = await import("./file.ts");
  const file = parseConfigFile(path, text);
  const value = file.value ?? {};
  if (!isJsonObject(value)) {
    throw new ConfigError("Expected a mapping of keys to values", {
      place: { file: path, line: 1 },
    });
  }
  return { ...file, value };
}

function readEnvironment(env: Environment): Map<ConfigKey, { name: string; value: unknown }> {
  const found = new Map<ConfigKey, { name: string; value: unknown }>();
  for (const key of KEYS) {
    for (const name of environmentNames(key)) {
      const text = env(name);
      if (text === undefined || found.has(key)) continue;
      found.set(key, { name, value: fromText(CONFIG_KEYS[key], text) });
    }
  }
  return found;
}

/** The value that a text (of an environment variable, of a form such as `?fsync=true`) stands for. */
export function fromText(spec: OptionSpec, text: string): unknown {
  switch (spec.type) {
    case "boolean":
      if (/^(true|yes|on|1)$/i.test(text)) return true;
      return /^(false|no|off|0)$/i.test(text) ? false : text;
    case "integer":
    case "number":
      return text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text);
    case "string[]":
    case "list":
      return text.split(",").map((part) => part.trim()).filter((part) => part !== "");
    case "map":
      return Object.fromEntries(
        text.split(",").map((pair) => {
          const at = pair.indexOf("=");
          return at < 0 ? [pair.trim(), ""] : [pair.slice(0, at).trim(), pair.slice(at + 1)];
        }),
      );
    default:
      return text;
  }
}

/** A number or truth value in quotes, as templates write it; or `yes`, which YAML 1.1 took for one. */
function isQuoted(value: unknown, { type }: OptionSpec): value is string {
  return typeof value === "string" &&
    (type === "boolean" || type === "integer" || type === "number");
}

function getIn(nested: Record<string, unknown>, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, part) => isJsonObject(at) ? at[part] : undefined, nested);
}

/** Sets a value, unless something else than a group is in its way: that is told when it is checked. */
function setIn(nested: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [head, ...rest] = path;
  if (rest.length === 0) {
    nested[head!] = value;
    return;
  }
  const group = nested[head!] ??= {};
  if (isJsonObject(group)) setIn(group as Record<string, unknown>, rest, value);
}
