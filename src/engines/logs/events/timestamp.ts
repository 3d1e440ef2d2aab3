/**
 * When an event happened, told from its raw line without parsing the whole:
 * EVE's `timestamp` (ISO 8601 with zone), Zeek's `ts` (seconds since the epoch,
 * milliseconds, or ISO 8601, as configured there).
 */

/** Member names that hold an event's time; the first of them in the event counts. */
const TIME_MEMBERS = new Set(["timestamp", "ts", "@timestamp", "time"]);

const QUOTE = 0x22, BACKSLASH = 0x5c, COMMA = 0x2c, COLON = 0x3a;
const OPEN_OBJECT = 0x7b, CLOSE_OBJECT = 0x7d, OPEN_ARRAY = 0x5b, CLOSE_ARRAY = 0x5d;

/** Time of a JSON event, ms since the epoch (with fraction), if a top-level member tells it. */
export function jsonEventTime(line: Uint8Array): number | undefined {
  let at = skipSpace(line, 0);
  if (line[at] !== OPEN_OBJECT) return undefined;
  at = skipSpace(line, at + 1);
  while (line[at] === QUOTE) {
    const nameEnd = stringEnd(line, at);
    const name = latin1(line, at + 1, nameEnd - 1);
    at = skipSpace(line, nameEnd);
    if (line[at] !== COLON) return undefined;
    at = skipSpace(line, at + 1);
    const valueEnd = skipValue(line, at);
    if (TIME_MEMBERS.has(name)) {
      const text = latin1(line, at, valueEnd).trim();
      const time = parseTime(/^"[^"]*"$/.test(text) ? text.slice(1, -1) : text);
      if (time !== undefined) return time;
    }
    at = skipSpace(line, valueEnd);
    if (line[at] !== COMMA) return undefined;
    at = skipSpace(line, at + 1);
  }
  return undefined;
}

/** Time in a cell of a TSV row, ms since the epoch; `column` is that of `ts`, -1 if there is none. */
export function tsvEventTime(
  line: Uint8Array,
  separator: string,
  column: number,
): number | undefined {
  if (column < 0) return undefined;
  const cell = new TextDecoder().decode(line).split(separator, column + 1)[column];
  return cell === undefined ? undefined : parseTime(cell);
}

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?\s*(Z|z|[-+]\d\d(?::?\d\d)?)?$/;
const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

/** From here on a number can't be seconds (it would be the year 5138): it is milliseconds. */
const FIRST_MILLISECONDS = 1e11;

/**
 * A time as logs write it, ms since the epoch: ISO 8601 with any zone and any
 * number of decimals (UTC if it names no zone), or a number of seconds or milliseconds.
 */
export function parseTime(text: string): number | undefined {
  if (NUMBER.test(text)) {
    const number = Number(text);
    return Math.abs(number) >= FIRST_MILLISECONDS ? number : number * 1000;
  }
  const parts = ISO.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = parts;
  // A leap second is the first instant of the next minute, as in POSIX time.
  const time = Date.UTC(+year!, +month! - 1, +day!, +hour!, +minute!, +second!);
  return time + (fraction === undefined ? 0 : Number(`0.${fraction}`) * 1000) - zoneOffset(zone);
}

function zoneOffset(zone: string | undefined): number {
  if (zone === undefined || zone === "Z" || zone === "z") return 0;
  const digits = zone.slice(1).replace(":", "").padEnd(4, "0");
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return (zone[0] === "-" ? -minutes : minutes) * 60_000;
}

function skipSpace(line: Uint8Array, at: number): number {
  while (line[at] === 0x20 || line[at] === 0x09 || line[at] === 0x0d) at++;
  return at;
}

/** Index after the closing quote of the string that opens at `at`. */
function stringEnd(line: Uint8Array, at: number): number {
  for (at++; at < line.length; at++) {
    const byte = line[at];
    if (byte === BACKSLASH) at++;
    else if (byte === QUOTE) return at + 1;
  }
  return line.length;
}

/** Index after the value that begins at `at`. */
function skipValue(line: Uint8Array, at: number): number {
  for (let depth = 0; at < line.length;) {
    const byte = line[at];
    if (byte === QUOTE) {
      at = stringEnd(line, at);
      if (depth === 0) return at;
      continue;
    }
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      if (depth === 0) return at;
      depth--;
      if (depth === 0) return at + 1;
    } else if (byte === COMMA && depth === 0) return at;
    at++;
  }
  return at;
}

function latin1(line: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let i = from; i < to && i - from < 64; i++) text += String.fromCharCode(line[i]!);
  return text;
}
