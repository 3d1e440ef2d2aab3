/** JSON respelt as `python_json.ts` does it, from bytes to bytes: for the tens of thousands a second. */
import { respell } from "./python_json.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

const QUOTE = 0x22, BACKSLASH = 0x5c, COMMA = 0x2c, COLON = 0x3a, SPACE = 0x20;
const MINUS = 0x2d, POINT = 0x2e, ZERO = 0x30, NINE = 0x39, DELETE = 0x7f;

/** A number of so many characters is exact to its last digit. */
const EXACT = 16;

/** So many bytes hold a JSON text of `length` bytes that `respellSimple` has respelt. */
export function roomFor(length: number): number {
  return 2 * length;
}

/**
 * Respells a JSON text (valid, without blanks at its ends) into `into` from `at` on,
 * where there must be `roomFor` it. Returns where it ends, or -1 for a text that
 * has more than the common: non-ASCII, `\u` and `\/`, numbers that Python writes otherwise.
 */
export function respellSimple(json: Uint8Array, into: Uint8Array, at: number): number {
  const { length } = json;
  for (let from = 0; from < length;) {
    const byte = json[from++]!;
    if (byte === QUOTE) {
      into[at++] = byte;
      for (let inside = true; inside;) {
        const next = json[from++]!;
        // Beyond the end it is undefined, which is no number below either.
        if (!(next < DELETE)) return -1;
        into[at++] = next;
        if (next === QUOTE) inside = false;
        else if (next === BACKSLASH) {
          const escape = json[from++]!;
          if (escape === 0x75 || escape === 0x2f) return -1;
          into[at++] = escape;
        }
      }
    } else if (byte === COMMA || byte === COLON) {
      into[at++] = byte;
      into[at++] = SPACE;
    } else if (byte === MINUS || (byte >= ZERO && byte <= NINE)) {
      const end = plainNumberEnd(json, from - 1);
      if (end < 0) return -1;
      into[at++] = byte;
      while (from < end) into[at++] = json[from++]!;
    } else if (byte > SPACE) into[at++] = byte;
  }
  return at;
}

/** Where a number ends that Python spells the same, else -1. */
function plainNumberEnd(json: Uint8Array, start: number): number {
  let at = json[start] === MINUS ? start + 1 : start;
  const whole = at;
  while (isDigit(json[at])) at++;
  const byte = json[at];
  if (byte === 0x65 || byte === 0x45) return -1;
  const isZero = at === whole + 1 && json[whole] === ZERO;
  // "-0" is a whole number, and there is but one zero.
  if (byte !== POINT) return isZero && whole > start ? -1 : at;
  const point = at++;
  while (isDigit(json[at])) at++;
  const after = json[at];
  if (after === 0x65 || after === 0x45 || at - whole > EXACT) return -1;
  if (json[at - 1] === ZERO && at - point > 2) return -1;
  return isZero && isTiny(json, point + 1) ? -1 : at;
}

/** Below 0.0001 Python writes an exponent. */
function isTiny(json: Uint8Array, at: number): boolean {
  for (let digit = 0; digit < 4; digit++) if (json[at + digit] !== ZERO) return false;
  return true;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

/**
 * Respells any valid JSON text; bytes that are not UTF-8 count as U+FFFD.
 *
 * @throws RangeError for a number that no float holds
 */
export function respellBytes(json: Uint8Array): Uint8Array {
  const into = new Uint8Array(roomFor(json.length));
  const end = respellSimple(json, into, 0);
  return end < 0 ? encoder.encode(respell(decoder.decode(json))) : into.subarray(0, end);
}
