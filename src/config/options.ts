/**
 * Options as data: the one description of a setting from which its default,
 * validation, documentation, JSON Schema and example all come. Plain objects, so
 * that reading them costs nothing at start-up.
 */

import type { EndpointForm } from "./endpoint.ts";

/** What a value may be. `duration` and `bytes` take numbers (seconds, bytes) or texts such as `90s`, `7d`, `10MiB`. */
export type OptionType =
  | "string"
  | "integer"
  | "number"
  | "boolean"
  | "duration"
  /** Host and port as text; `form` says which of them may be missing. */
  | "endpoint"
  | "bytes"
  | "string[]"
  /** A mapping of texts, e.g. HTTP headers. */
  | "map"
  /** A list whose entries are texts or mappings; what they mean is checked by who uses it. */
  | "list";

/** One setting. */
export interface OptionSpec {
  readonly type: OptionType;
  /** One sentence for people, no final period needed. */
  readonly doc: string;
  /** The value when nothing is said; absent means unset. */
  readonly default?: string | number | boolean | readonly string[];
  /** The only values allowed. */
  readonly choices?: readonly string[];
  /** Of an endpoint; `host:port` if unset. */
  readonly form?: EndpointForm;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly required?: boolean;
  /** Never shown in logs or `config print`; take it from the environment or a file. */
  readonly secret?: boolean;
  readonly example?: string;
}

/** A group of settings by name. */
export type OptionTable = { readonly [name: string]: OptionSpec };
