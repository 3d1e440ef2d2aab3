import { CONFIG_KEYS, type ConfigKey } from "./keys.ts";
import type { OptionSpec, OptionTable } from "./options.ts";
import { parseBytes, parseDuration } from "./units.ts";

/** What a checked value looks like: durations are milliseconds, sizes are bytes. */
type ValueOf<S extends OptionSpec> = S extends { choices: readonly (infer C)[] } ? C
  : S["type"] extends "boolean" ? boolean
  : S["type"] extends "integer" | "number" | "duration" | "bytes" ? number
  : S["type"] extends "string" | "endpoint" ? string
  : S["type"] extends "string[]" ? readonly string[]
  : S["type"] extends "map" ? Readonly<Record<string, string>>
  : readonly (string | Readonly<Record<string, unknown>>)[];

/** Checked values of a table by their dotted names; undefined only where there is no default. */
export type Values<T extends OptionTable> = {
  readonly [K in keyof T]:
    | ValueOf<T[K]>
    | (T[K] extends { default: unknown } | { required: true } ? never : undefined);
};

/** The whole configuration by dotted key. */
export type Config = Values<typeof CONFIG_KEYS>;

/** Where a value comes from: `default`, `config.yaml:3`, `environment BRIDGE_VAST`, `--engine`. */
export type Origins = Readonly<Record<ConfigKey, string>>;

/** The default of an option in checked form. */
export function defaultOf(spec: OptionSpec): unknown {
  const value = spec.default;
  if (typeof value !== "string" && typeof value !== "number") return value;
  if (spec.type === "duration") return parseDuration(value);
  return spec.type === "bytes" ? parseBytes(value) : value;
}

/** All defaults of a table. */
export function defaultsOf<T extends OptionTable>(table: T): Values<T> {
  const entries = Object.entries(table).map(([name, spec]) => [name, defaultOf(spec)]);
  return Object.fromEntries(entries);
}

/** The names of the environment variables of a key, ours first, then the ancestor's. */
export function environmentNames(key: string): readonly string[] {
  const upper = key.toUpperCase();
  if (!upper.includes(".")) return [`BRIDGE_${upper}`, `VAST_THREATBUS_${upper}`];
  const nested = upper.replaceAll(".", "__");
  return [`BRIDGE_${upper.replaceAll(".", "_")}`, `BRIDGE_${nested}`, `VAST_THREATBUS_${nested}`];
}
