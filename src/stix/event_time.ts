/** When an event happened, in any of the spellings that logs have for it. */
import type { JsonObject, JsonValue } from "../json.ts";
import { formatTimestamp, type Instant, millisToInstant, parseTimestamp } from "./timestamp.ts";

/** Members that hold an event's time: Zeek's (first, as for the ancestor), Suricata's, those of shippers. */
export const TIME_MEMBERS = ["ts", "timestamp", "@timestamp", "time"] as const;

/** From here on a number can't be seconds (it would be the year 5138): it is milliseconds. */
const FIRST_MILLISECONDS = 1e11;

const LOOSE =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:[.,](\d+))?)?\s*(Z|z|[+-]\d\d(?::?\d\d)?)?$/;
const NUMBER = /^\d+(?:\.\d+)?$/;

function fromNumber(value: number): Instant | undefined {
  const millis = value >= FIRST_MILLISECONDS ? value : value * 1000;
  return Math.abs(millis) <= 8.64e15 ? millisToInstant(millis) : undefined;
}

/**
 * Reads an event's time: RFC 3339, ISO 8601 with any zone (none is UTC), a day,
 * or a count of seconds or milliseconds since the epoch. Undefined if it is none.
 */
export function readTime(value: JsonValue | undefined): Instant | undefined {
  if (typeof value === "number") return fromNumber(value);
  if (typeof value !== "string") return undefined;
  const strict = parseTimestamp(isEve(value) ? `${value.slice(0, 29)}:${value.slice(29)}` : value);
  if (strict !== undefined) return strict;
  if (NUMBER.test(value)) return fromNumber(Number(value));
  const match = LOOSE.exec(value);
  if (match === null) return undefined;
  const [, day, minutes = "00:00", seconds = ":00", fraction = "0", zone = "Z"] = match;
  const digits = zone.length === 3 ? `${zone}00` : zone;
  const offset = digits.replace(/^([+-]\d\d)(\d\d)$/, "$1:$2");
  return parseTimestamp(`${day}T${minutes}${seconds}.${fraction}${offset}`);
}

/** Suricata's spelling, `2026-01-31T12:00:00.123456+0000`: the most common, so it is told by its length. */
function isEve(text: string): boolean {
  return text.length === 31 && (text[26] === "+" || text[26] === "-") && text[29] !== ":";
}

/** The time of an event, if one of its members tells it. */
export function eventTime(event: JsonObject): Instant | undefined {
  for (const member of TIME_MEMBERS) {
    const instant = readTime(event[member]);
    if (instant !== undefined) return instant;
  }
  return undefined;
}

const PLAIN_UTC = /^\d{4}-\d\d-[012]\dT[01]\d:[0-5]\d:[0-5]\d\.\d{5}[1-9]Z?$/;

/** The same as a STIX timestamp. */
export function eventTimestamp(event: JsonObject): string | undefined {
  const text = event["ts"] ?? event["timestamp"];
  if (typeof text === "string" && PLAIN_UTC.test(text)) {
    return text.length === 27 ? text : `${text}Z`;
  }
  const instant = eventTime(event);
  return instant && formatTimestamp(instant, 0);
}
