/** From the value of an event's field to the values of a STIX property. */
import type { JsonValue } from "../../json.ts";
import { readTime } from "../../stix/event_time.ts";
import { formatTimestamp } from "../../stix/timestamp.ts";
import { formatAddress, parseAddress } from "../address.ts";
import { canonicalDomain, canonicalHash, splitPort } from "../canonical.ts";
import type { FieldKind } from "./table.ts";

/** Zeek's marks for "not set" and "empty". */
const UNSET: ReadonlySet<string> = new Set(["", "-", "(empty)"]);

const VALUE_TYPES = [
  "ipv4-addr",
  "ipv6-addr",
  "domain-name",
  "email-addr",
  "url",
  "mac-addr",
] as const;

/** Types that are nothing but their `value`. */
export type ValueType = typeof VALUE_TYPES[number];

export function isValueType(type: string): type is ValueType {
  return (VALUE_TYPES as readonly string[]).includes(type);
}

/** An observable with a type of its own that a text stands for. */
export interface ValueObject {
  readonly type: ValueType;
  readonly value: string;
}

/** The hash algorithms by number of hex digits (STIX 2.1 §10.7). */
const ALGORITHMS: Readonly<Record<number, string>> = {
  32: "MD5",
  40: "SHA-1",
  64: "SHA-256",
  128: "SHA-512",
};

/** A hash with its algorithm's name; colons between bytes go. */
export function readHash(text: string): readonly [algorithm: string, value: string] | undefined {
  const hash = canonicalHash(text);
  return hash === undefined ? undefined : [ALGORITHMS[hash.length]!, hash];
}

/** A text or number as text; undefined for what logs write where there is nothing. */
export function readText(value: JsonValue): string | undefined {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && !UNSET.has(value) ? value : undefined;
}

function addressObject(text: string): ValueObject | undefined {
  const groups = parseAddress(text);
  if (groups === undefined) return undefined;
  return { type: groups.length === 2 ? "ipv4-addr" : "ipv6-addr", value: formatAddress(groups) };
}

/** Domains keep their spelling (patterns may ask for it), less a dot at the end. */
function domainObject(text: string): ValueObject | undefined {
  if (canonicalDomain(text) === undefined) return undefined;
  return { type: "domain-name", value: text.endsWith(".") ? text.slice(0, -1) : text };
}

function hostObject(text: string): ValueObject | undefined {
  const address = addressObject(text);
  if (address !== undefined) return address;
  const host = splitPort(text)?.host.replace(/^\[(.*)\]$/, "$1");
  if (host === undefined) return undefined;
  return addressObject(host) ?? domainObject(host);
}

/** The mailboxes of a header: `a@b`, `<a@b>`, `Name <a@b>`, commas between. */
function mailObjects(text: string): ValueObject[] {
  const found = text.match(/[^\s<>,;:"()[\]]+@[^\s<>,;:"()[\]]+/g) ?? [];
  return found.map((value) => ({ type: "email-addr", value }));
}

/** The objects that a text stands for where a reference is wanted. */
export function readObjects(kind: FieldKind, text: string): ValueObject[] {
  if (kind === "mail") return mailObjects(text);
  const found = kind === "address"
    ? addressObject(text)
    : kind === "host"
    ? hostObject(text)
    : kind === "domain"
    ? domainObject(splitPort(text)?.host ?? text)
    : undefined;
  return found === undefined ? [] : [found];
}

/** The objects that a field makes whose row is about a type that is nothing but its value. */
export function readValueObjects(
  type: ValueType,
  kind: FieldKind,
  value: JsonValue,
): ValueObject[] {
  const text = readText(value);
  if (text === undefined) return [];
  const found = readObjects(kind, text);
  if (found.length > 0 || (kind !== "lower" && kind !== "text")) return found;
  const plain = kind === "lower" ? text.toLowerCase() : text;
  return type === "url" && !plain.includes("/") ? [] : [{ type, value: plain }];
}

/** The elements of a list that one value stands for: `ssl,http` is Zeek's way to name two. */
export function partsOf(plain: JsonValue): JsonValue[] {
  return typeof plain === "string" ? plain.split(",") : [plain];
}

/** The property's value for the plain kinds; undefined if the field has none. */
export function readPlain(kind: FieldKind, value: JsonValue): JsonValue | undefined {
  if (kind === "boolean") return typeof value === "boolean" ? value : undefined;
  const text = readText(value);
  if (text === undefined) return undefined;
  switch (kind) {
    case "number": {
      const number = Number(text);
      return Number.isFinite(number) ? number : undefined;
    }
    case "lower":
      return text.toLowerCase();
    case "time": {
      const instant = readTime(value);
      return instant && formatTimestamp(instant, 0);
    }
    case "header":
      return [text];
    default:
      return text;
  }
}
