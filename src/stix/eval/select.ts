/** Follows object paths into cyber observables (STIX 2.1 §9.7). */
import type { JsonObject } from "../../json.ts";
import type { ObjectPath } from "../pattern/ast.ts";
import { readBase64, readHex } from "./bytes.ts";

/** A value at the end of a path: JSON, or the bytes of a `_hex` or `_bin` property. */
export type Selected = unknown;

type Objects = Readonly<Record<string, JsonObject>>;

/** Stands for a property whose text is not what its name promises; equal to nothing. */
const MALFORMED = Symbol("malformed");

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Uint8Array);
}

/** §3.1: properties ending in `_hex` and `_bin` hold bytes. */
function typed(name: string, value: unknown): unknown {
  const hex = name.endsWith("_hex");
  if (!hex && !name.endsWith("_bin")) return value;
  if (typeof value !== "string") return MALFORMED;
  return (hex ? readHex(value) : readBase64(value)) ?? MALFORMED;
}

function resolve(reference: unknown, objects: Objects): JsonObject | undefined {
  return typeof reference === "string" && Object.hasOwn(objects, reference)
    ? objects[reference]
    : undefined;
}

/** Steps from one value to a property of it; references are followed at once. */
function stepKey(value: unknown, name: string, objects: Objects, into: unknown[]): void {
  if (!isObject(value) || !Object.hasOwn(value, name)) return;
  const member = typed(name, value[name]);
  if (name.endsWith("_ref")) {
    const target = resolve(member, objects);
    if (target !== undefined) into.push(target);
  } else if (name.endsWith("_refs")) {
    if (!Array.isArray(member)) return;
    const targets = member.flatMap((reference) => resolve(reference, objects) ?? []);
    if (targets.length > 0) into.push(targets);
  } else {
    into.push(member);
  }
}

/** `select` for one path, remembered while the observation is the same: many patterns ask alike. */
export type Selector = (root: JsonObject, objects: Objects) => Selected[];

/** Makes a selector. */
export function createSelector(path: ObjectPath): Selector {
  let current: Objects | undefined;
  let remembered = new Map<JsonObject, Selected[]>();
  return (root, objects) => {
    if (objects !== current) {
      current = objects;
      if (remembered.size > 0) remembered = new Map();
    }
    let values = remembered.get(root);
    if (values === undefined) remembered.set(root, values = select(path, root, objects));
    return values;
  };
}

/** Everything that a path selects from one object of its type; empty if there is nothing. */
export function select(path: ObjectPath, root: JsonObject, objects: Objects): Selected[] {
  let values: unknown[] = [root];
  for (const step of path.steps) {
    const next: unknown[] = [];
    for (const value of values) {
      if (step.type === "key") stepKey(value, step.name, objects, next);
      else if (!Array.isArray(value)) continue;
      else if (step.type === "every") { for (const item of value) next.push(item); }
      else if (step.index >= 0 && step.index < value.length) next.push(value[step.index]);
    }
    if (next.length === 0) return next;
    values = next;
  }
  return values;
}
