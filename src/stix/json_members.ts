/**
 * Finds members of a JSON object in its bytes and makes nothing of the rest: for who takes in a
 * million objects and needs ten members of each. JSON.parse makes objects and texts of all of
 * them, and most of its time goes into moving these about (garbage collection).
 */
import { isUtf8 } from "node:buffer";

/** Where the members' values stand, each by its place among the names. */
export interface MemberFinder {
  /** First byte of the value; -1 if the member is not there. */
  readonly starts: Int32Array;
  /** Behind its last byte. */
  readonly ends: Int32Array;
  /** 1 if the value is a string and all between its quotation marks is ASCII and stands for itself. */
  readonly plain: Uint8Array;
  /**
   * Whether the bytes are, for sure, UTF-8 and an object to JSON.parse, with each of the names at
   * most once. False says nothing: names with escapes and deep nesting are left to JSON.parse.
   */
  find(bytes: Uint8Array, start: number, end: number): boolean;
}

/** Of bytes in a string: those that stand for themselves, the end, and what needs a look. */
const PLAIN = 0, QUOTE = 1, ESCAPE = 2, CONTROL = 3, HIGH = 4;
const IN_STRING = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte < 0x20) return CONTROL;
  if (byte === 0x22) return QUOTE;
  if (byte === 0x5c) return ESCAPE;
  return byte < 0x80 ? PLAIN : HIGH;
});

/** What may follow a backslash, but `u`. */
const ESCAPED = new Set(Array.from('"\\/bfnrt', (char) => char.charCodeAt(0)));
/** Deeper objects are left to JSON.parse, which has no such bound. */
const DEEPEST = 32;

const QUOTATION = 0x22, COMMA = 0x2c, COLON = 0x3a, OPEN = 0x7b, CLOSE = 0x7d;
const OPEN_LIST = 0x5b, CLOSE_LIST = 0x5d, MINUS = 0x2d, POINT = 0x2e, ZERO = 0x30;

/** What the strings read last held besides plain ASCII. */
let sawEscape = false, sawHigh = false;

/** Makes what gives the place among some names (ASCII) of the one that is between two offsets, or -1. */
export function createNameIndex(names: readonly string[]) {
  const spelt = names.map((name) => new TextEncoder().encode(name));
  const byLength: number[][] = [];
  for (const [place, { length }] of spelt.entries()) (byLength[length] ??= []).push(place);
  return (bytes: Uint8Array, start: number, end: number): number => {
    const places = byLength[end - start];
    if (places === undefined) return -1;
    for (const place of places) {
      const name = spelt[place]!;
      let at = 0;
      while (at < name.length && name[at] === bytes[start + at]) at++;
      if (at === name.length) return place;
    }
    return -1;
  };
}

/** Makes what finds members with these names (ASCII). */
export function createMemberFinder(names: readonly string[]): MemberFinder {
  const placeOf = createNameIndex(names);
  const starts = new Int32Array(names.length);
  const ends = new Int32Array(names.length);
  const plain = new Uint8Array(names.length);

  /** Reads the member at `at` and notes where its value is; the offset behind it, or -1. */
  function readMember(bytes: Uint8Array, at: number, end: number): number {
    if (at >= end || bytes[at] !== QUOTATION) return -1;
    sawEscape = false;
    const behind = skipString(bytes, at + 1, end);
    if (behind < 0 || sawEscape) return -1;
    const place = placeOf(bytes, at + 1, behind - 1);
    const colon = skipSpace(bytes, behind, end);
    if (colon >= end || bytes[colon] !== COLON) return -1;
    const start = skipSpace(bytes, colon + 1, end);
    const wasHigh = sawHigh;
    sawHigh = false;
    const stop = skipValue(bytes, start, end, 0);
    if (place >= 0) {
      if (starts[place]! >= 0) return -1;
      starts[place] = start;
      ends[place] = stop;
      plain[place] = Number(bytes[start] === QUOTATION && !sawEscape && !sawHigh);
    }
    sawHigh ||= wasHigh;
    return stop;
  }

  return {
    starts,
    ends,
    plain,
    find(bytes, start, end) {
      starts.fill(-1);
      sawHigh = false;
      let at = skipSpace(bytes, start, end);
      if (at >= end || bytes[at] !== OPEN) return false;
      at = skipSpace(bytes, at + 1, end);
      if (at < end && bytes[at] === CLOSE) at++;
      else {
        for (;;) {
          at = readMember(bytes, at, end);
          if (at < 0) return false;
          at = skipSpace(bytes, at, end);
          if (at >= end) return false;
          if (bytes[at] === CLOSE) break;
          if (bytes[at] !== COMMA) return false;
          at = skipSpace(bytes, at + 1, end);
        }
        at++;
      }
      if (skipSpace(bytes, at, end) !== end) return false;
      return !sawHigh || isUtf8(bytes.subarray(start, end));
    },
  };
}

function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  while (at < end) {
    const byte = bytes[at]!;
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
    at++;
  }
  return at;
}

/** From the first byte of a value to behind its last; -1 if there is none. */
function skipValue(bytes: Uint8Array, at: number, end: number, depth: number): number {
  if (at >= end) return -1;
  switch (bytes[at]) {
    case QUOTATION:
      return skipString(bytes, at + 1, end);
    case OPEN:
      return depth < DEEPEST ? skipItems(bytes, at + 1, end, CLOSE, depth + 1) : -1;
    case OPEN_LIST:
      return depth < DEEPEST ? skipItems(bytes, at + 1, end, CLOSE_LIST, depth + 1) : -1;
    case 0x74:
      return skipWord(bytes, at, end, TRUE);
    case 0x66:
      return skipWord(bytes, at, end, FALSE);
    case 0x6e:
      return skipWord(bytes, at, end, NULL);
    default:
      return skipNumber(bytes, at, end);
  }
}

/** What stands in an object or a list that ends with `close`, which is skipped too. */
function skipItems(
  bytes: Uint8Array,
  at: number,
  end: number,
  close: number,
  depth: number,
): number {
  at = skipSpace(bytes, at, end);
  if (at < end && bytes[at] === close) return at + 1;
  for (;;) {
    if (close === CLOSE) {
      if (at >= end || bytes[at] !== QUOTATION) return -1;
      at = skipString(bytes, at + 1, end);
      if (at < 0) return -1;
      at = skipSpace(bytes, at, end);
      if (at >= end || bytes[at] !== COLON) return -1;
      at = skipSpace(bytes, at + 1, end);
    }
    at = skipValue(bytes, at, end, depth);
    if (at < 0) return -1;
    at = skipSpace(bytes, at, end);
    if (at >= end) return -1;
    if (bytes[at] === close) return at + 1;
    if (bytes[at] !== COMMA) return -1;
    at = skipSpace(bytes, at + 1, end);
  }
}

/** From behind the opening quotation mark to behind the closing one. */
function skipString(bytes: Uint8Array, at: number, end: number): number {
  for (; at < end; at++) {
    const is = IN_STRING[bytes[at]!]!;
    if (is === PLAIN) continue;
    if (is === QUOTE) return at + 1;
    if (is === CONTROL) return -1;
    if (is === HIGH) sawHigh = true;
    else {
      sawEscape = true;
      at++;
      if (at < end && bytes[at] === 0x75) {
        for (const stop = at + 4; at < stop; at++) if (!isHex(bytes[at + 1]!)) return -1;
      } else if (at >= end || !ESCAPED.has(bytes[at]!)) return -1;
    }
  }
  return -1;
}

function isHex(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= 0x39;
}

const [TRUE, FALSE, NULL] = ["true", "false", "null"].map((word) =>
  new TextEncoder().encode(word)
) as [Uint8Array, Uint8Array, Uint8Array];

function skipWord(bytes: Uint8Array, at: number, end: number, word: Uint8Array): number {
  if (at + word.length > end) return -1;
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return -1;
  return at + word.length;
}

/** RFC 8259, section 6; what follows the number shows what is wrong with it otherwise. */
function skipNumber(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] === MINUS) at++;
  if (at < end && bytes[at] === ZERO) at++;
  else if ((at = skipDigits(bytes, at, end)) < 0) return -1;
  if (at < end && bytes[at] === POINT && (at = skipDigits(bytes, at + 1, end)) < 0) return -1;
  if (at < end && (bytes[at]! | 0x20) === 0x65) {
    at++;
    if (at < end && (bytes[at] === MINUS || bytes[at] === 0x2b)) at++;
    return skipDigits(bytes, at, end);
  }
  return at;
}

/** One digit or more. */
function skipDigits(bytes: Uint8Array, at: number, end: number): number {
  const start = at;
  while (at < end && isDigit(bytes[at])) at++;
  return at > start ? at : -1;
}
