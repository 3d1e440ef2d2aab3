/**
 * STIX timestamps (STIX 2.1, section 3.2: RFC 3339 in UTC) in the two spellings
 * that `stix2` gives them.
 */

// Some producers leave off leading zeros of the fraction's end or add nanoseconds; all digits are taken.
const RFC3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/** An instant: whole seconds since the epoch, and microseconds (0 to 999999). */
export interface Instant {
  readonly seconds: number;
  readonly micros: number;
}

/** Reads an RFC 3339 timestamp; finer digits than microseconds are cut. `undefined` if it is none. */
export function parseTimestamp(text: string): Instant | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match.map(Number) as number[];
  if (hour! > 23 || minute! > 59 || second! > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year!, month! - 1, day!);
  if (date.getUTCMonth() !== month! - 1 || date.getUTCDate() !== day!) return undefined;
  const offset = match[8] === undefined
    ? 0
    : (Number(match[9]) * 60 + Number(match[10])) * (match[8] === "-" ? -60 : 60);
  const seconds = date.getTime() / 1000 + hour! * 3600 + minute! * 60 + second! - offset;
  const micros = Number((match[7] ?? "").slice(0, 6).padEnd(6, "0"));
  return { seconds, micros };
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
  const base = new Date(instant.seconds * 1000).toISOString().slice(0, 19);
  let fraction = String(instant.micros).padStart(6, "0").replace(/0+$/, "");
  if (fraction.length < minDigits) fraction = fraction.padEnd(minDigits, "0");
  return fraction === "" ? `${base}Z` : `${base}.${fraction}Z`;
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
