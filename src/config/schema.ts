import * as z from "zod";
import { BridgeError } from "../errors.ts";
import { parseEndpoint } from "./endpoint.ts";
import type { OptionSpec, OptionTable } from "./options.ts";
import { parseBytes, parseDuration } from "./units.ts";

/** A schema over the nested form of an option table: dots in names are levels. */
export function schemaOf(table: OptionTable): z.ZodType<Record<string, unknown>> {
  return objectOf(Object.entries(table).map(([name, spec]) => [name.split("."), spec]));
}

type Entry = readonly [path: readonly string[], spec: OptionSpec];

function objectOf(entries: readonly Entry[]): z.ZodObject {
  const shape: Record<string, z.ZodType> = {};
  const groups = new Map<string, Entry[]>();
  for (const [[head, ...rest], spec] of entries) {
    if (rest.length === 0) shape[head!] = fieldOf(spec);
    else groups.set(head!, [...groups.get(head!) ?? [], [rest, spec]]);
  }
  for (const [name, group] of groups) shape[name] = objectOf(group).nullable().optional();
  return z.strictObject(shape);
}

/** The schema of one option, without its default (see `defaultsOf`); empty in YAML is unset. */
function fieldOf(spec: OptionSpec): z.ZodType {
  const doc = spec.default === undefined
    ? spec.doc
    : `${spec.doc} (default: ${JSON.stringify(spec.default)})`;
  return typeOf(spec).nullable().optional().meta({ description: doc });
}

function typeOf(spec: OptionSpec): z.ZodType {
  const text = spec.choices === undefined ? z.string() : z.enum(spec.choices);
  switch (spec.type) {
    case "string":
      return text;
    case "boolean":
      return z.boolean();
    case "integer":
      return bounded(z.number().int(), spec);
    case "number":
      return bounded(z.number(), spec);
    case "duration":
      return unit(parseDuration);
    case "endpoint":
      return endpoint(spec);
    case "bytes":
      return unit(parseBytes);
    case "string[]":
      return oneOrMore(text);
    case "map":
      return z.record(z.string(), z.string());
    case "list":
      return oneOrMore(z.union([z.string(), z.record(z.string(), z.unknown())]));
  }
}

/** A list, or its only entry. */
function oneOrMore<T extends z.ZodType>(entry: T): z.ZodType {
  return z.union([entry, z.array(entry)]).transform((value) =>
    Array.isArray(value) ? value : [value]
  );
}

function bounded(schema: z.ZodNumber, spec: OptionSpec): z.ZodNumber {
  const low = spec.minimum === undefined ? schema : schema.min(spec.minimum);
  return spec.maximum === undefined ? low : low.max(spec.maximum);
}

function endpoint({ form = "host:port" }: OptionSpec): z.ZodType {
  return z.string().superRefine((text, context) => {
    try {
      parseEndpoint(text, form);
    } catch (error) {
      context.addIssue({ code: "custom", message: messageOf(error) });
    }
  });
}

function unit(parse: (value: string | number) => number): z.ZodType {
  return z.union([z.number(), z.string()]).transform((value, context) => {
    try {
      return parse(value);
    } catch (error) {
      context.addIssue({ code: "custom", message: messageOf(error) });
      return z.NEVER;
    }
  });
}

function messageOf(error: unknown): string {
  return error instanceof BridgeError ? `${error.message}. ${error.hint}` : `${error}`;
}

/** JSON Schema (draft 2020-12) of what a person may write. */
export function jsonSchemaOf(table: OptionTable, title: string): Record<string, unknown> {
  return { title, ...z.toJSONSchema(schemaOf(table), { io: "input" }) };
}
