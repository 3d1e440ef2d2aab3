/**
 * STIX timestamps (STIX 2.1, section 3.2: RFC 3339 in UTC) in the two spellings
 * that `stix2` gives them.
 */

/** An instant: whole seconds since the epoch, and microseconds (0 to 999999). */
export interface Instant {
  readonly seconds: number;
  readonly micros: number;
}

// Some producers leave off zeros at the fraction's end or add nanoseconds; all digits are taken.
const RFC3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

/**
 * Reads an RFC 3339 timestamp; finer digits than microseconds are cut. `undefined` if
 * it is none. By characters, as there are many. `src/intel/assembly/timestamp.ts` reads the same.
 */
export function parseTimestamp(text: string): Instant | undefined {
  if (!RFC3339.test(text)) return undefined;
  const year = pair(text, 0) * 100 + pair(text, 2), month = pair(text, 5), day = pair(text, 8);
  const hour = pair(text, 11), minute = pair(text, 14), second = pair(text, 17);
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  if (month < 1 || month > 12 || day < 1 || day > lastDay(year, month)) return undefined;
  let at = 19, micros = 0;
  if (text.charCodeAt(at) === POINT) {
    at++;
    for (let weight = 100_000; isDigit(text, at); at++) {
      // Whole numbers only, so that what is cut leaves no trace.
      if (weight >= 1) micros += (text.charCodeAt(at) - ZERO) * weight;
      weight = Math.floor(weight / 10);
    }
  }
  const time = daysTo(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
  const sign = text.charCodeAt(at);
  if (sign !== PLUS && sign !== MINUS) return { seconds: time, micros };
  const offset = (pair(text, at + 1) * 60 + pair(text, at + 4)) * 60;
  return { seconds: sign === PLUS ? time - offset : time + offset, micros };
}

const ZERO = 0x30;
const POINT = 0x2e;
const PLUS = 0x2b;
const MINUS = 0x2d;

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= ZERO && code <= 0x39;
}

/** The number of two digits. */
function pair(text: string, at: number): number {
  return (text.charCodeAt(at) - ZERO) * 10 + text.charCodeAt(at + 1) - ZERO;
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
