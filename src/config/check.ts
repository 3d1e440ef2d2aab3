import * as z from "zod";
import { ConfigError, type Place } from "../errors.ts";
import { defaultOf } from "./config.ts";
import type { OptionSpec, OptionTable } from "./options.ts";
import { schemaOf } from "./schema.ts";

/** Finds where a value stands, for errors; the path is in the nested form. */
export type Locate = (path: readonly (string | number)[]) => Place;

/**
 * Checks raw options (nested as in a file) against their table and fills in
 * defaults; the result is flat, by dotted name.
 *
 * @throws ConfigError naming the place and key; AggregateError where there are several
 */
export function checkOptions(
  table: OptionTable,
  raw: unknown,
  locate: Locate,
): Record<string, unknown> {
  const result = schemaOf(table).safeParse(raw ?? {});
  if (!result.success) {
    const errors = result.error.issues.flatMap((issue) => describe(issue, table, locate));
    throw oneOrAll(errors.sort((a, b) => (a.place?.line ?? 0) - (b.place?.line ?? 0)));
  }
  const given = flatten(result.data, table);
  const missing = Object.keys(table).filter((name) =>
    table[name]!.required === true && given[name] === undefined
  );
  if (missing.length > 0) throw oneOrAll(missing.map((name) => isMissing(name, locate)));
  for (const [name, spec] of Object.entries(table)) given[name] ??= defaultOf(spec);
  return given;
}

/** One error as it is, several as an AggregateError. */
export function oneOrAll(errors: readonly ConfigError[]): Error {
  return errors.length === 1 ? errors[0]! : new AggregateError(errors);
}

function isMissing(name: string, locate: Locate): ConfigError {
  return new ConfigError("A value is needed", { place: { ...locate([]), key: name } });
}

function describe(issue: z.core.$ZodIssue, table: OptionTable, locate: Locate): ConfigError[] {
  const path = issue.path as (string | number)[];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey([...path, key], table, locate));
  }
  // A list, or its only entry: in a list the entry that is wrong is worth naming.
  const inner = issue.code === "invalid_union"
    ? issue.errors.flat().find(({ path }) => path.length > 0)
    : undefined;
  if (inner !== undefined) {
    return describe(
      { ...inner, path: [...path, ...inner.path] } as z.core.$ZodIssue,
      table,
      locate,
    );
  }
  const name = nameOf(path);
  const message = issue.code === "invalid_union" || issue.code === "invalid_type"
    ? `Expected ${expected(table[name]) ?? entryOf(table[nameOf(path.slice(0, -1))])}`
    : issue.code === "too_small"
    ? `Expected ${issue.minimum} or more`
    : issue.code === "too_big"
    ? `Expected ${issue.maximum} or less`
    : issue.message.replace(/^Invalid option: e/, "E");
  return [new ConfigError(message, { place: { ...locate(path), key: name } })];
}

/** Keys by dots, entries of a list in brackets: `sinks[1].format`. */
function nameOf(path: readonly (string | number)[]): string {
  return path.reduce<string>((name, part) => {
    if (typeof part === "number") return `${name}[${part}]`;
    return name === "" ? part : `${name}.${part}`;
  }, "");
}

/** What an entry of a list, or a value of a mapping, has to be; a group of keys is no option itself. */
function entryOf(spec: OptionSpec | undefined): string {
  if (spec === undefined) return "a mapping of keys to values";
  return spec.type === "list" ? "a text or a mapping" : "a text";
}

function expected(spec: OptionSpec | undefined): string | undefined {
  if (spec === undefined) return undefined;
  switch (spec.type) {
    case "duration":
      return "a duration: seconds as a number, or a text such as 90s, 7d";
    case "bytes":
      return "a size: bytes as a number, or a text such as 64KiB, 1GiB";
    case "string[]":
      return `${spec.choices?.join(", ") ?? "a text"}, or a list of such`;
    case "list":
      return "a text or a mapping, or a list of such";
    case "map":
      return "a mapping of keys to values";
    case "endpoint":
      return "host:port";
    case "integer":
      return "a whole number";
    case "boolean":
      return "true or false";
    default:
      return `a ${spec.type}`;
  }
}

function unknownKey(path: readonly (string | number)[], table: OptionTable, locate: Locate) {
  const name = path.join(".");
  const groups = Object.keys(table).flatMap((key) => key.includes(".") ? [key.split(".")[0]!] : []);
  const near = nearest(name, [...Object.keys(table), ...groups]);
  return new ConfigError("Unknown key", {
    place: { ...locate(path), key: name },
    ...(near === undefined ? {} : { hint: `Did you mean ${near}?` }),
  });
}

/** The candidate that differs by the fewest edits, if it is near at all. */
function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const edits = editDistance(word, candidate);
    if (edits < least) [best, least] = [candidate, edits];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, swap));
    }
    row = next;
  }
  return row[b.length]!;
}

function flatten(nested: Record<string, unknown>, table: OptionTable): Record<string, unknown> {
  const flat: Record<string, unknown> = {};
  for (const name of Object.keys(table)) {
    const value = name.split(".").reduce<unknown>(
      (at, part) => (at as Record<string, unknown> | undefined)?.[part],
      nested,
    );
    if (value !== null && value !== undefined) flat[name] = value;
  }
  return flat;
}
