/** Fields of events by name, in each of the spellings that JSON has for nesting. */
import { isJsonObject, type JsonObject, type JsonValue } from "../../json.ts";

/** Calls back with every value at a field that is there and not null. */
export type Look = (event: JsonObject, visit: (value: JsonValue) => void) => void;

/** `id.orig_h` is a flat key (Zeek, flattened VAST) or a member of `id`. */
function member(object: JsonObject, name: string): JsonValue | undefined {
  if (Object.hasOwn(object, name)) return object[name];
  const dot = name.indexOf(".");
  if (dot < 0) return undefined;
  const inner = object[name.slice(0, dot)];
  return isJsonObject(inner) ? member(inner, name.slice(dot + 1)) : undefined;
}

/**
 * Prepares a field for looking up: dots step into objects, `[]` into each element
 * of a list (a single value counts as a list of one).
 */
export function compileLook(field: string): Look {
  const [first = "", ...rest] = field.split("[]");
  const name = first.replace(/^\./, "");
  const further = rest.length === 0 ? undefined : compileLook(rest.join("[]"));
  return (event, visit) => {
    const value = name === "" ? event : member(event, name);
    if (value === undefined || value === null) return;
    if (further === undefined) return visit(value);
    for (const item of Array.isArray(value) ? value : [value]) {
      if (rest.join("") === "") {
        if (item !== null) visit(item);
      } else if (isJsonObject(item)) {
        further(item, visit);
      }
    }
  };
}

/** Whether a field is there with a value. */
export function hasField(event: JsonObject, field: string): boolean {
  const value = member(event, field);
  return value !== undefined && value !== null;
}
