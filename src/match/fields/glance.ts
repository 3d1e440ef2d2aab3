/**
 * Looks at a line of JSON for values of some fields without parsing it. Where in the
 * event a field stands is not told apart: rather a line too many than one too few.
 */
import type { JsonValue } from "../../json.ts";

/** A member that is looked for, wherever it stands. */
export interface Watch {
  readonly name: string;
  /** Whether a value of it matters; undefined if any does. */
  readonly isMet: ((value: JsonValue) => boolean) | undefined;
}

/** Whether the JSON object in `block[from, to)` may have a value that matters. */
export type Glance = (block: Uint8Array, from: number, to: number) => boolean;

/** The names that the last member of a field has in JSON: `id.orig_h` may be one, or stand in `id`. */
export function memberNames(field: string): string[] {
  const last = field.split("[]").map((part) => part.replace(/^\./, ""))
    .findLast((part) => part !== "")!;
  const parts = last.split(".");
  return parts.map((_, at) => parts.slice(at).join("."));
}

interface Name {
  readonly bytes: Uint8Array;
  readonly watches: Watch["isMet"][];
}

const QUOTE = 0x22, BACKSLASH = 0x5c, COLON = 0x3a, COMMA = 0x2c;
const OPEN_LIST = 0x5b, CLOSE_LIST = 0x5d, OPEN_OBJECT = 0x7b;
const SLOTS = 1024;

/** Tells most names apart. */
const slotOf = (length: number, first: number, last: number) =>
  (length * 131 + first * 31 + last * 7) & (SLOTS - 1);

const decoder = new TextDecoder();

export function compileGlance(watches: readonly Watch[]): Glance {
  const slots: (Name[] | undefined)[] = new Array(SLOTS).fill(undefined);
  const names = new Map<string, Name>();
  for (const { name, isMet } of watches) {
    let known = names.get(name);
    if (known === undefined) {
      const bytes = new TextEncoder().encode(name);
      names.set(name, known = { bytes, watches: [] });
      (slots[slotOf(bytes.length, bytes[0]!, bytes.at(-1)!)] ??= []).push(known);
    }
    known.watches.push(isMet);
  }

  function nameAt(block: Uint8Array, from: number, to: number): Name | undefined {
    const held = slots[slotOf(to - from, block[from]!, block[to - 1]!)];
    return held?.find(({ bytes }) => bytes.length === to - from && isAt(bytes, block, from));
  }

  return (block, from, to) => {
    for (let at = from; at < to; at++) {
      if (block[at] !== QUOTE) continue;
      const start = at + 1;
      let escaped = false;
      for (at = start; at < to && block[at] !== QUOTE; at++) {
        if (block[at] !== BACKSLASH) continue;
        escaped = true;
        at++;
      }
      const colon = skipSpace(block, at + 1, to);
      if (block[colon] !== COLON || colon >= to) continue;
      if (escaped) return true;
      const name = nameAt(block, start, at);
      if (name === undefined) continue;
      if (isMetAt(name.watches, block, skipSpace(block, colon + 1, to), to)) return true;
    }
    return false;
  };
}

function isAt(bytes: Uint8Array, block: Uint8Array, from: number): boolean {
  for (let n = 0; n < bytes.length; n++) if (block[from + n] !== bytes[n]) return false;
  return true;
}

function skipSpace(block: Uint8Array, from: number, to: number): number {
  while (from < to && block[from]! <= 0x20) from++;
  return from;
}

/** The value that begins at `from`, or the values of the list there. */
function isMetAt(
  watches: Name["watches"],
  block: Uint8Array,
  from: number,
  to: number,
): boolean {
  if (watches.includes(undefined)) return true;
  const inList = block[from] === OPEN_LIST;
  let at = inList ? skipSpace(block, from + 1, to) : from;
  for (;;) {
    const first = block[at]!;
    if (at >= to || first === CLOSE_LIST) return false;
    // Members of an object are come by later; what stands behind it in a list is not.
    if (first === OPEN_OBJECT || first === OPEN_LIST) return inList;
    const end = first === QUOTE ? endOfText(block, at + 1, to) : endOfPlain(block, at, to);
    const value = readValue(block, at, end);
    if (value === undefined) return true;
    if (watches.some((isMet) => isMet!(value))) return true;
    if (!inList) return false;
    at = skipSpace(block, end, to);
    if (block[at] !== COMMA) return false;
    at = skipSpace(block, at + 1, to);
  }
}

/** Behind the closing quote. */
function endOfText(block: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && block[at] !== QUOTE) at += block[at] === BACKSLASH ? 2 : 1;
  return Math.min(at + 1, to);
}

function endOfPlain(block: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && block[at] !== COMMA && block[at] !== 0x7d && block[at] !== CLOSE_LIST) at++;
  return at;
}

/** A text, number, boolean or null; undefined if it is none. */
function readValue(block: Uint8Array, from: number, to: number): JsonValue | undefined {
  const number = wholeNumber(block, from, to);
  if (number >= 0) return number;
  const text = decoder.decode(block.subarray(from, to));
  if (block[from] === QUOTE && !text.includes("\\")) return text.slice(1, -1);
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A number of up to 15 digits; -1 if it is another. */
function wholeNumber(block: Uint8Array, from: number, to: number): number {
  if (to - from > 15 || (block[from] === 0x30 && to - from > 1)) return -1;
  let number = 0;
  for (let at = from; at < to; at++) {
    const digit = block[at]! - 0x30;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return to > from ? number : -1;
}
