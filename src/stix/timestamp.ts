/**
 * STIX timestamps (STIX 2.1, section 3.2: RFC 3339 in UTC) in the two spellings
 * that `stix2` gives them.
 */

/** An instant: whole seconds since the epoch, and microseconds (0 to 999999). */
export interface Instant {
  readonly seconds: number;
  readonly micros: number;
}

/** Characters of a timestamp's text, for the reading by bytes. */
let scratch = new Uint8Array(64);

/**
 * Reads an RFC 3339 timestamp; finer digits than microseconds are cut. `undefined` if
 * it is none.
 */
export function parseTimestamp(text: string): Instant | undefined {
  if (text.length > scratch.length) scratch = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) return undefined;
    scratch[at] = code;
  }
  return readTimestamp(scratch, 0, text.length) ? { ...instant } : undefined;
}

/** The same from bytes, as milliseconds since the epoch; NaN if they are none. */
export function timestampMillis(bytes: Uint8Array, start: number, end: number): number {
  return readTimestamp(bytes, start, end) ? instantToMillis(instant) : NaN;
}

/** What was read last; one object, as each indicator and sighting has several times. */
const instant = { seconds: 0, micros: 0 };

/** `YYYY-MM-DDThh:mm:ss`, with any digits for the letters. */
const SHAPE = Uint8Array.from("0000-00-00T00:00:00", (char) => char.charCodeAt(0));

/** Reads a timestamp into `instant`; returns whether it is one. */
function readTimestamp(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start <= SHAPE.length) return false;
  for (let i = 0; i < SHAPE.length; i++) {
    const byte = bytes[start + i]!, like = SHAPE[i]!;
    if (like === ZERO ? !isDigit(byte) : byte !== like && !(like === 0x54 && byte === 0x74)) {
      return false;
    }
  }
  const year = pair(bytes, start) * 100 + pair(bytes, start + 2);
  const month = pair(bytes, start + 5), day = pair(bytes, start + 8);
  const hour = pair(bytes, start + 11), minute = pair(bytes, start + 14);
  const second = pair(bytes, start + 17);
  if (hour > 23 || minute > 59 || second > 59) return false;
  if (month < 1 || month > 12 || day < 1 || day > lastDay(year, month)) return false;
  let at = start + SHAPE.length, micros = 0;
  if (bytes[at] === POINT) {
    // Some producers leave off zeros at the end or add nanoseconds; all digits are taken.
    const first = ++at;
    for (let weight = 100_000; at < end && isDigit(bytes[at]!); at++) {
      // Whole numbers only, so that what is cut leaves no trace.
      if (weight >= 1) micros += (bytes[at]! - ZERO) * weight;
      weight = Math.floor(weight / 10);
    }
    if (at === first) return false;
  }
  const offset = offsetSeconds(bytes, at, end);
  if (offset === undefined) return false;
  const time = daysTo(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
  instant.seconds = time - offset;
  instant.micros = micros;
  return true;
}

/** Of `Z` or `+hh:mm`, with which a timestamp ends; undefined if it does not. */
function offsetSeconds(bytes: Uint8Array, at: number, end: number): number | undefined {
  const sign = bytes[at];
  if (end - at === 1) return sign === 0x5a || sign === 0x7a ? 0 : undefined;
  if (end - at !== 6 || (sign !== PLUS && sign !== MINUS) || bytes[at + 3] !== 0x3a) {
    return undefined;
  }
  for (const digit of [1, 2, 4, 5]) if (!isDigit(bytes[at + digit]!)) return undefined;
  const offset = (pair(bytes, at + 1) * 60 + pair(bytes, at + 4)) * 60;
  return sign === PLUS ? offset : -offset;
}

const ZERO = 0x30;
const POINT = 0x2e;
const PLUS = 0x2b;
const MINUS = 0x2d;

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}

/** The number of two digits. */
function pair(bytes: Uint8Array, at: number): number {
  return (bytes[at]! - ZERO) * 10 + bytes[at + 1]! - ZERO;
}

function lastDay(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

/** Days from the epoch to a date of the Gregorian calendar; the year begins in March, so a leap day ends it. */
function daysTo(year: number, month: number, day: number): number {
  const years = month > 2 ? year : year - 1;
  const before = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return years * 365 + Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400) +
    before - 719_468;
}

/** Milliseconds since the epoch, with the microseconds behind the point. */
export function instantToMillis(instant: Instant): number {
  return instant.seconds * 1000 + instant.micros / 1000;
}

/** The instant of a count of milliseconds since the epoch. */
export function millisToInstant(millis: number): Instant {
  const seconds = Math.floor(millis / 1000);
  return { seconds, micros: Math.min(999_999, Math.round((millis - seconds * 1000) * 1000)) };
}

/**
 * Writes an instant with its fraction's trailing zeros cut, but at least
 * `minDigits` of them (0, or 3 where the spec asks for milliseconds).
 */
export function formatTimestamp(instant: Instant, minDigits: 0 | 3): string {
  const { seconds, micros } = instant;
  const days = Math.floor(seconds / 86_400);
  const base = `${dateOf(days)}T${timeOf(seconds - days * 86_400)}`;
  let digits = 6, fraction = micros;
  for (; digits > minDigits && fraction % 10 === 0; digits--) fraction /= 10;
  return digits === 0 ? `${base}Z` : `${base}.${String(fraction).padStart(digits, "0")}Z`;
}

/** The two digits of a number below 100. */
const PAIRS = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, "0"));

/** `YYYY-MM-DD` of a day since the epoch, as `daysTo` counts them; what has no four digits as ISO 8601. */
function dateOf(days: number): string {
  const since = days + 719_468;
  const era = Math.floor(since / 146_097);
  const day = since - era * 146_097;
  const years = Math.floor(
    (day - Math.floor(day / 1460) + Math.floor(day / 36_524) - Math.floor(day / 146_096)) / 365,
  );
  const rest = day - (365 * years + Math.floor(years / 4) - Math.floor(years / 100));
  const month = Math.floor((5 * rest + 2) / 153);
  const year = years + era * 400 + (month > 9 ? 1 : 0);
  if (year < 0 || year > 9999) return new Date(days * 86_400_000).toISOString().split("T")[0]!;
  const dayOfMonth = rest - Math.floor((153 * month + 2) / 5) + 1;
  return `${PAIRS[Math.floor(year / 100)]}${PAIRS[year % 100]}-` +
    `${PAIRS[month > 9 ? month - 9 : month + 3]}-${PAIRS[dayOfMonth]}`;
}

/** `hh:mm:ss` of a second of the day. */
function timeOf(second: number): string {
  return `${PAIRS[Math.floor(second / 3600)]}:${PAIRS[Math.floor(second / 60) % 60]}:` +
    PAIRS[second % 60];
}

const PLAIN_UTC = /^\d{4}-(?:0\d|1[0-2])-(?:[0-2]\d|3[01])T(?:[01]\d|2[0-3])(?::[0-5]\d){2}/;

/** Respells a timestamp; `undefined` if it is none. The common spelling is passed through untouched. */
export function respellTimestamp(text: string, minDigits: 0 | 3): string | undefined {
  if (minDigits === 0 && text.length === 27 && PLAIN_UTC.test(text) && isFullFraction(text)) {
    return text;
  }
  const instant = parseTimestamp(text);
  return instant && formatTimestamp(instant, minDigits);
}

/** Whether `.dddddd` (not ending in 0) and `Z` follow the seconds, and the day is one that every month has. */
function isFullFraction(text: string): boolean {
  return /^\.\d{5}[1-9]Z$/.test(text.slice(19)) && text.slice(8, 10) !== "00" &&
    text.slice(8, 10) <= "28" && text.slice(5, 7) !== "00";
}
