/**
 * STIX indicators and sightings as text, exactly as `stix2` 3 writes them: checked,
 * properties in the order of the specification, custom ones last by name, times
 * and JSON in its spelling, defaults filled in. What is not understood stays.
 */
import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import { INDICATOR, isSpecProperty, type Layout, type PropertyKind, SIGHTING } from "./layout.ts";
import { type Members, pythonJson, pythonString, respellMembers } from "./python_json.ts";
import {
  formatTimestamp,
  type Instant,
  instantToMillis,
  millisToInstant,
  parseTimestamp,
  respellTimestamp,
} from "./timestamp.ts";

/** Why a text is no indicator or sighting; few fixed values, so that they can be counted. */
export type StixFaultReason =
  | "malformed-json"
  | "not-an-object"
  | "unsupported-type"
  | "not-stix-2.1"
  | "bad-id"
  | "no-pattern"
  | "missing-property"
  | "bad-property";

/** What is wrong with an object, in words that name the property. */
export interface StixFault {
  readonly reason: StixFaultReason;
  readonly detail: string;
}

/** A checked object and its text. */
export interface CanonicalStix {
  readonly type: "indicator" | "sighting";
  readonly id: string;
  readonly text: string;
  /** As it was given, before defaults. */
  readonly object: JsonObject;
}

/**
 * Which spelling of times: an app writes `created` and `modified` with at least
 * three digits of a second, a broker cuts all zeros (it loses that rule on the way).
 */
export type StixForm = "app" | "bus";

/** Outcome of `canonicalStix`. */
export type CanonicalResult =
  | { readonly ok: true; readonly value: CanonicalStix }
  | { readonly ok: false; readonly fault: StixFault };

const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
const IDENTIFIER = new RegExp(`^[a-z0-9][a-z0-9-]*--${UUID}$`, "i");
const CUSTOM_NAME = /^[a-z]/;

/** Thrown and caught inside this module only: lets small checkers end the whole check. */
class Fault extends Error {
  constructor(readonly fault: StixFault) {
    super(fault.detail);
  }
}

function fail(reason: StixFaultReason, detail: string): never {
  throw new Fault({ reason, detail });
}

/** Checks a JSON text and writes it anew. `now` (ms since the epoch) fills in missing times. */
export function canonicalStix(text: string, form: StixForm, now = Date.now): CanonicalResult {
  return checked(() => write(parseObject(text), respellMembers(text), form, now));
}

function checked(work: () => CanonicalStix): CanonicalResult {
  try {
    return { ok: true, value: work() };
  } catch (error) {
    if (error instanceof Fault) return { ok: false, fault: error.fault };
    if (error instanceof RangeError) {
      return { ok: false, fault: { reason: "malformed-json", detail: error.message } };
    }
    throw error;
  }
}

/** The same for an object at hand; whole numbers are written as integers. */
export function canonicalStixObject(
  object: JsonObject,
  form: StixForm,
  now = Date.now,
): CanonicalResult {
  return checked(() => write(object, membersOf(object), form, now));
}

function membersOf(object: JsonObject): Members {
  const members: Members = new Map();
  for (const name of Object.keys(object)) {
    const value = object[name];
    if (value !== undefined) members.set(name, pythonJson(value));
  }
  return members;
}

function parseObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    fail("malformed-json", (error as Error).message);
  }
  if (!isJsonObject(value)) fail("not-an-object", "A STIX object is a JSON object");
  return value;
}

function write(
  object: JsonObject,
  members: Members,
  form: StixForm,
  now: () => number,
): CanonicalStix {
  const layout = layoutOf(object);
  const writer = { object, members, layout, minDigits: form === "app" ? 3 : 0, now } as const;
  const parts: string[] = [];
  let instant: Instant | undefined;
  for (const { name, kind, required } of layout.properties) {
    let written = isUnset(object[name]) ? undefined : writeProperty(writer, name, kind);
    if (written === undefined && (kind === "version-time" || kind === "start-time")) {
      instant ??= millisToInstant(now());
      written = `"${formatTimestamp(instant, kind === "version-time" ? writer.minDigits : 0)}"`;
    }
    written ??= fallback(object, name);
    if (written !== undefined) parts.push(`"${name}": ${written}`);
    else if (required) {
      fail(name === "pattern" ? "no-pattern" : "missing-property", `${layout.type} has no ${name}`);
    }
  }
  writeCustom(writer, parts);
  checkOrder(object, "valid_from", "valid_until", false);
  checkOrder(object, "first_seen", "last_seen", true);
  const text = `{${parts.join(", ")}}`;
  const id = typeof object.id === "string" ? object.id : JSON.parse(parts[2]!.slice(6));
  return { type: layout.type, id, text, object };
}

interface Writer {
  readonly object: JsonObject;
  readonly members: Members;
  readonly layout: Layout;
  readonly minDigits: 0 | 3;
}

function layoutOf(object: JsonObject): Layout {
  const layout = [INDICATOR, SIGHTING].find((layout) => layout.type === object.type);
  if (layout === undefined) {
    fail("unsupported-type", `Type ${describe(object.type)}, expected indicator or sighting`);
  }
  if (object.spec_version !== "2.1") {
    fail("not-stix-2.1", `spec_version is ${describe(object.spec_version)}, expected "2.1"`);
  }
  return layout;
}

/** `stix2` takes null and the empty list as not given. */
function isUnset(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

/** What stands for a property that is not given. */
function fallback(object: JsonObject, name: string): string | undefined {
  if (name === "id") return `"${object.type}--${crypto.randomUUID()}"`;
  if (name === "pattern_version" && object.pattern_type === "stix") return '"2.1"';
  return undefined;
}

function writeProperty(writer: Writer, name: string, kind: PropertyKind): string | undefined {
  const value = writer.object[name]!;
  const spelled = writer.members.get(name)!;
  if (typeof kind === "object") return writeList(name, value, kind.list);
  switch (kind) {
    case "type":
    case "spec_version":
      return spelled;
    case "id":
      if (!isIdentifier(value) || !value.startsWith(`${writer.layout.type}--`)) {
        fail("bad-id", `id is ${describe(value)}, expected ${writer.layout.type}--<UUID>`);
      }
      return spelled;
    case "pattern":
      if (typeof value !== "string" || value.trim() === "") {
        fail("no-pattern", `pattern is ${describe(value)}`);
      }
      return spelled;
    case "string":
      return writeString(name, value, spelled);
    case "strings":
      return writeStrings(name, value);
    case "integer":
      return writeInteger(name, value, spelled);
    case "flag":
      return readFlag(name, value) ? "true" : undefined;
    case "ref":
      if (!isIdentifier(value)) {
        fail("bad-property", `${name} is ${describe(value)}, expected an id`);
      }
      return spelled;
    case "refs":
      return writeRefs(name, value);
    case "version-time":
      return writeTime(name, value, writer.minDigits);
    case "start-time":
    case "time":
      return writeTime(name, value, 0);
    case "object":
      if (!isJsonObject(value)) fail("bad-property", `${name} is not an object`);
      return spelled;
  }
}

function isIdentifier(value: JsonValue): value is string {
  return typeof value === "string" && IDENTIFIER.test(value);
}

function writeString(name: string, value: JsonValue, spelled: string): string {
  if (typeof value === "string") return spelled;
  if (typeof value === "number") return `"${spelled}"`;
  if (typeof value === "boolean") return value ? '"True"' : '"False"';
  fail("bad-property", `${name} is not a text`);
}

function writeStrings(name: string, value: JsonValue): string {
  const list = Array.isArray(value) ? value : [value];
  return `[${list.map((item) => writeString(name, item, pythonJson(item))).join(", ")}]`;
}

function writeRefs(name: string, value: JsonValue): string {
  const list = Array.isArray(value) ? value : [value];
  for (const item of list) {
    if (!isIdentifier(item)) {
      fail("bad-property", `${name} holds ${describe(item)}, expected an id`);
    }
  }
  return pythonJson(list);
}

function writeInteger(name: string, value: JsonValue, spelled: string): string {
  const text = typeof value === "string" ? value.trim() : spelled;
  if (/^-?\d+$/.test(text)) return text;
  const number = typeof value === "number" || typeof value === "boolean"
    ? Math.trunc(Number(value))
    : NaN;
  if (!Number.isSafeInteger(number)) {
    fail("bad-property", `${name} is ${describe(value)}, expected a whole number`);
  }
  return String(number);
}

function readFlag(name: string, value: JsonValue): boolean {
  // An object may have a `toString` that is no function.
  const text = typeof value === "object" ? "" : String(value).toLowerCase();
  if (text === "true" || text === "t" || text === "1") return true;
  if (text === "false" || text === "f" || text === "0") return false;
  fail("bad-property", `${name} is ${describe(value)}, expected true or false`);
}

function writeTime(name: string, value: JsonValue, minDigits: 0 | 3): string {
  const text = typeof value === "string" ? respellTimestamp(value, minDigits) : undefined;
  if (text === undefined) {
    fail(
      "bad-property",
      `${name} is ${describe(value)}, expected a time such as 2026-01-31T12:00:00Z`,
    );
  }
  return `"${text}"`;
}

/** A list of small objects, each in its own order; a single one is taken as a list. */
function writeList(name: string, value: JsonValue, order: readonly string[]): string {
  const list = Array.isArray(value) ? value : [value];
  const items = list.map((item) => {
    if (!isJsonObject(item)) {
      fail("bad-property", `${name} holds ${describe(item)}, expected objects`);
    }
    const known = order.filter((key) => !isUnset(item[key]));
    const custom = Object.keys(item).filter((key) => !order.includes(key) && !isUnset(item[key]));
    const names = [...known, ...custom.sort()];
    return `{${names.map((key) => `"${key}": ${pythonJson(item[key]!)}`).join(", ")}}`;
  });
  return `[${items.join(", ")}]`;
}

function writeCustom(writer: Writer, parts: string[]): void {
  const names: string[] = [];
  for (const name of writer.members.keys()) {
    if (!isSpecProperty(writer.layout, name)) names.push(name);
  }
  for (const name of names.sort()) {
    if (!CUSTOM_NAME.test(name)) {
      fail("bad-property", `Property name ${describe(name)} does not begin with a small letter`);
    }
    if (isUnset(writer.object[name])) continue;
    parts.push(`${pythonString(name)}: ${writer.members.get(name)}`);
  }
}

/** Both times valid by now; the later one must not come first. */
function checkOrder(object: JsonObject, first: string, last: string, mayBeEqual: boolean): void {
  const [from, to] = [object[first], object[last]];
  if (typeof from !== "string" || typeof to !== "string") return;
  const gap = instantToMillis(parseTimestamp(to)!) - instantToMillis(parseTimestamp(from)!);
  if (gap < 0 || (gap === 0 && !mayBeEqual)) {
    fail("bad-property", `${last} (${to}) comes before ${first} (${from})`);
  }
}

/** A value for a message to people: short, in JSON. */
function describe(value: JsonValue | undefined): string {
  if (value === undefined) return "missing";
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
