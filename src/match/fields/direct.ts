/**
 * What a path selects, read straight from the fields of an event: no objects are made.
 * Rather a value too many than one too few.
 */
import type { JsonObject, JsonValue } from "../../json.ts";
import type { ObjectPath } from "../../stix/pattern/mod.ts";
import { memberNames, type Watch } from "./glance.ts";
import { type Group, GROUPS, type Row } from "./groups.ts";
import { isReference, MADE, namesOf } from "./relevance.ts";
import {
  isValueType,
  partsOf,
  readHash,
  readObjects,
  readPlain,
  readText,
  readValueObjects,
} from "./values.ts";

type Visit = (value: JsonValue) => void;

/** Calls back with every value that a path may select in an event of the group. */
export type Read = (event: JsonObject, visit: Visit) => void;

/** What a field's value gives at the path; undefined if the row has no part in it. */
type Take = (value: JsonValue, visit: Visit) => void;

/** `…:value` of a type that is nothing but that. */
function takeValue(asked: ObjectPath, { path, kind }: Row): Take | undefined {
  const own = path.objectType === asked.objectType && namesOf(path)[0] === "value";
  const type = asked.objectType;
  if (own && isValueType(type)) {
    return (value, visit) => {
      for (const object of readValueObjects(type, kind, value)) {
        if (object.type === type) visit(object.value);
      }
    };
  }
  // Rows about other types make addresses, domains and mailboxes, too.
  if (!MADE[kind]?.includes(type)) return undefined;
  return (value, visit) => {
    const text = readText(value);
    if (text === undefined) return;
    for (const object of readObjects(kind, text)) if (object.type === type) visit(object.value);
  };
}

/** `…_ref.value`, `…_ref.type`, or that there is one. */
function takeReference(asked: ObjectPath, { path, kind }: Row): Take | undefined {
  const [reference, member] = namesOf(asked);
  if (path.objectType !== asked.objectType || namesOf(path)[0] !== reference) return undefined;
  return (value, visit) => {
    const text = readText(value);
    if (text === undefined) return;
    for (const object of readObjects(kind, text)) {
      visit(member === undefined ? true : object[member as "value"]);
    }
  };
}

function takeProperty(asked: ObjectPath, { path, kind }: Row): Take | undefined {
  if (path.objectType !== asked.objectType) return undefined;
  const names = namesOf(path), wanted = namesOf(asked);
  if (kind === "hash" && wanted[0] === "hashes") {
    return (value, visit) => {
      const hash = typeof value === "string" ? readHash(value) : undefined;
      if (hash !== undefined && (wanted[1] ?? hash[0]) === hash[0]) visit(hash[1]);
    };
  }
  if (!wanted.every((name, at) => name === names[at])) return undefined;
  const whole = wanted.length === names.length;
  return (value, visit) => {
    const plain = readPlain(kind, value);
    if (plain === undefined) return;
    // An object that holds the property is there, but equal to nothing.
    if (!whole) visit(null);
    else {
      visit(plain);
      for (const part of partsOf(plain)) if (part !== plain) visit(part);
    }
  };
}

/** How rows give what is asked for; undefined if single fields can't tell. */
function takerOf(asked: ObjectPath): ((row: Row) => Take | undefined) | undefined {
  const names = namesOf(asked);
  const references = names.filter(isReference).length;
  if (names[0] === "type") return undefined;
  if (references === 0) {
    return isValueType(asked.objectType)
      ? (row) => takeValue(asked, row)
      : (row) => takeProperty(asked, row);
  }
  const isPlain = isReference(names[0]!) && references === 1 && names.length <= 2 &&
    [undefined, "value", "type"].includes(names[1]);
  return isPlain ? (row) => takeReference(asked, row) : undefined;
}

/** The rows that have a part in what a path selects, and the URLs. */
interface Sources {
  readonly group: Group;
  readonly takers: readonly { readonly row: Row; readonly take: Take }[];
  readonly urls: Group["urls"];
}

/** Undefined if it takes the event's objects (references from object to object, the type of any object). */
function sourcesOf(asked: ObjectPath): Sources[] | undefined {
  const takerFor = takerOf(asked);
  if (takerFor === undefined) return undefined;
  return GROUPS.map((group) => {
    const takers = group.rows.flatMap((row) => {
      const take = takerFor(row);
      return take === undefined ? [] : [{ row, take }];
    });
    return { group, takers, urls: asked.objectType === "url" ? group.urls : undefined };
  }).filter(({ takers, urls }) => takers.length > 0 || urls !== undefined);
}

/** How to read what a path selects, by group; undefined if that takes the event's objects. */
export function readersOf(asked: ObjectPath): Map<Group, Read> | undefined {
  const sources = sourcesOf(asked);
  return sources && new Map(sources.map(({ group, takers, urls }) => [group, (event, visit) => {
    for (const { row, take } of takers) row.look(event, (value) => take(value, visit));
    if (urls !== undefined) { for (const url of urls(event)) visit(url); }
  }]));
}

/** What to look for in a line, for values that a path selects; undefined if that takes the event's objects. */
export function watchesOf(
  asked: ObjectPath,
  isMet: (value: unknown) => boolean,
): Watch[] | undefined {
  return sourcesOf(asked)?.flatMap(({ group, takers, urls }) => [
    ...takers.flatMap(({ row, take }) => {
      const meets = (value: JsonValue) => {
        let met = false;
        take(value, (taken) => met ||= isMet(taken));
        return met;
      };
      return memberNames(row.field).map((name) => ({ name, isMet: meets }));
    }),
    // A URL is made of several fields.
    ...(urls === undefined ? [] : memberNames(group.field.url![1]))
      .map((name) => ({ name, isMet: undefined })),
  ]);
}
