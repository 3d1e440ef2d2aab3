/** Fields of events by name, in each of the spellings that JSON has for nesting. */
import { isJsonObject, type JsonObject, type JsonValue } from "../../json.ts";

/** Calls back with every value at a field that is there and not null. */
export type Look = (event: JsonObject, visit: (value: JsonValue) => void) => void;

type Member = (object: JsonObject) => JsonValue | undefined;

/** `id.orig_h` is a flat key (Zeek, flattened VAST) or a member of `id`. */
function compileMember(name: string): Member {
  const dot = name.indexOf(".");
  const flat: Member = (object) => Object.hasOwn(object, name) ? object[name] : undefined;
  if (dot < 0) return flat;
  const head = compileMember(name.slice(0, dot)), tail = compileMember(name.slice(dot + 1));
  return (object) => {
    const inner = head(object);
    return isJsonObject(inner) && !Object.hasOwn(object, name) ? tail(inner) : flat(object);
  };
}

/**
 * Prepares a field for looking up: dots step into objects, `[]` into each element
 * of a list (a single value counts as a list of one).
 */
export function compileLook(field: string): Look {
  const [first = "", ...rest] = field.split("[]");
  const name = first.replace(/^\./, "");
  const further = rest.length === 0 ? undefined : compileLook(rest.join("[]"));
  const member: Member = name === "" ? (event) => event : compileMember(name);
  const isLast = rest.join("") === "";
  return (event, visit) => {
    const value = member(event);
    if (value === undefined || value === null) return;
    if (further === undefined) return visit(value);
    for (const item of Array.isArray(value) ? value : [value]) {
      if (isLast) {
        if (item !== null) visit(item);
      } else if (isJsonObject(item)) {
        further(item, visit);
      }
    }
  };
}

/** Tells whether a field is there with a value. */
export function compilePresence(field: string): (event: JsonObject) => boolean {
  const member = compileMember(field);
  return (event) => (member(event) ?? null) !== null;
}
