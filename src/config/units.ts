import { InputError } from "../errors.ts";

const DURATION_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const BYTES: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  k: 1024,
  kib: 1024,
  m: 1024 ** 2,
  mib: 1024 ** 2,
  g: 1024 ** 3,
  gib: 1024 ** 3,
  t: 1024 ** 4,
  tib: 1024 ** 4,
};

/**
 * A duration in milliseconds from a number of seconds or a text such as `90`,
 * `90s`, `1h30m`, `7d`.
 *
 * @throws InputError when it is no duration or negative
 */
export function parseDuration(value: string | number): number {
  if (typeof value === "number") return seconds(value, value);
  const text = value.trim().toLowerCase();
  if (/^\d+(\.\d*)?$/.test(text)) return seconds(Number(text), value);
  if (!/^(\d+(\.\d+)?(ms|min|[smhdw]))+$/.test(text)) throw notADuration(value);
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|min|[smhdw])/g)) {
    total += Number(amount) * DURATION_MS[unit!]!;
  }
  return total;
}

function seconds(amount: number, given: string | number): number {
  if (!Number.isFinite(amount) || amount < 0) throw notADuration(given);
  return amount * 1000;
}

function notADuration(value: string | number): InputError {
  return new InputError(`Not a duration: ${JSON.stringify(value)}`, {
    hint: "Write seconds as a number, or a text such as 90s, 15m, 12h, 7d.",
  });
}

/**
 * A size in bytes from a number or a text such as `64KiB`, `10MB`, `1g`.
 *
 * @throws InputError when it is no size
 */
export function parseBytes(value: string | number): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(String(value).trim());
  const factor = match === null ? undefined : BYTES[match[2]!.toLowerCase()];
  if (match === null || factor === undefined) {
    throw new InputError(`Not a size: ${JSON.stringify(value)}`, {
      hint: "Write bytes as a number, or a text such as 64KiB, 10MB, 1GiB.",
    });
  }
  return Math.round(Number(match[1]) * factor);
}

const RFC3339 = /^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:?\d\d)?)?$/;

/** Seconds since the epoch; fewer digits are more likely an age without its unit, or a year. */
const EPOCH = /^\d{9,11}(?:\.\d+)?$/;

/** Whether the day is one of its month: `Date` takes February 30 for March 1. */
function hasDay(text: string): boolean {
  const [year, month, day] = text.slice(0, 10).split("-").map(Number) as [number, number, number];
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
}

/**
 * An instant in milliseconds since the epoch from an RFC 3339 time (a date alone
 * is its midnight; without a zone it is UTC), from seconds since the epoch, or from a
 * duration with a unit, counted back from `now`.
 *
 * @throws InputError when it is neither
 */
export function parseInstant(text: string, now: number): number {
  const trimmed = text.trim();
  // As Zeek writes times.
  if (EPOCH.test(trimmed)) return Number(trimmed) * 1000;
  if (RFC3339.test(trimmed)) {
    const iso = trimmed.replace(" ", "T").replace(/([+-]\d\d)(\d\d)$/, "$1:$2");
    const zoned = /T.*(?:Z|[+-]\d\d:\d\d)$/i.test(iso) || !/T/i.test(iso) ? iso : `${iso}Z`;
    const instant = Date.parse(zoned.toUpperCase());
    if (!Number.isNaN(instant) && hasDay(trimmed)) return instant;
  } else if (!/^[\d.]+$/.test(trimmed)) {
    try {
      return now - parseDuration(trimmed);
    } catch { /* told below, with both forms */ }
  }
  throw new InputError(`Not a time: ${JSON.stringify(text)}`, {
    hint:
      "Write RFC 3339 such as 2026-11-21T08:00:00Z, a date, an age such as 7d or 12h, or seconds since 1970.",
  });
}
