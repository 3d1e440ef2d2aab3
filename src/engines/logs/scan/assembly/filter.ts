/**
 * The set as the kernel knows it: a bitmap that nearly all ends of values fail
 * in, small enough for the caches, and a table of the fingerprints of wholes.
 */
import { isDigit, lastBefore } from "./bytes";
import { DOT, QUOTE } from "./characters";
import { END_BYTES, endOf, TAIL_BYTES, tailOf, wholeOf } from "./fingerprint";
import { BIT_SETS, BIT_SETS_COUNT, bitmap, bitmapMask, table, tableMask, tableShift } from "./memory";

/** Whether some text in the set may end like this: 1 or 0; `map` and `mask` are `bitmap` and `bitmapMask`. */
// @ts-ignore: decorator
@inline
export function mayEnd(end: u64, map: usize, mask: usize): u32 {
  const bits = bitsOf(end);
  return <u32> ((load<u64>(map + (<usize> (end >>> 32) & mask)) & bits) == bits);
}

/** Three of the 64 bits of a word. */
// @ts-ignore: decorator
@inline
function bitsOf(end: u64): u64 {
  return load<u64>(BIT_SETS + (<u32> end >>> 16 & (BIT_SETS_COUNT - 1 << 3)));
}

/** Whether a whole with this fingerprint is in the set. */
export function has(whole: u64): bool {
  const tag = tagOf(whole);
  let slot = <u32> (whole >>> tableShift);
  while (true) {
    const found = load<u32>(table + (<usize> slot << 2));
    if (found == tag) return true;
    if (found == 0) return false;
    slot = (slot + 1) & tableMask;
  }
}

/** Whether a text is in the set: its end is looked for first, as most texts fail there. */
export function hasText(text: usize, length: usize): bool {
  return mayEnd(endOf(text, length), bitmap, bitmapMask) != 0 && has(wholeOf(text, length));
}

// @ts-ignore: decorator
@inline
function tagOf(whole: u64): u32 {
  const tag = <u32> whole;
  return tag == 0 ? 1 : tag;
}

/** Adds the fingerprint of a whole. */
export function addWhole(whole: u64): void {
  const tag = tagOf(whole);
  let slot = <u32> (whole >>> tableShift);
  while (true) {
    const at = table + (<usize> slot << 2);
    const found = load<u32>(at);
    if (found == tag) return;
    if (found == 0) {
      store<u32>(at, tag);
      used++;
      return;
    }
    slot = (slot + 1) & tableMask;
  }
}

/** Lets values that end like this text through to a closer look. */
export function addEnd(text: usize, length: usize): void {
  addEndOf(text, length);
  // In JSON the last bytes are told from others by the quote before them.
  const quote = lastBefore(text + length, text, QUOTE);
  if (quote >= text) addEndOf(quote + 1, text + length - quote - 1);
}

function addEndOf(text: usize, length: usize): void {
  addHash(endOf(text, length));
  if (length < END_BYTES) addTail(text, length);
}

/** Whether a text of less than 3 bytes was added, which tails can't tell. */
export let tiny: bool = false;

/** A short domain is found by its last bytes below others; the byte before it is a dot then. */
function addTail(text: usize, length: usize): void {
  if (length < TAIL_BYTES - 1) tiny = true;
  let last = load<u64>(text + length - 8) | 0x2020202020202020;
  if (length < TAIL_BYTES) last = last & ~<u64>0xff00000000 | <u64>DOT << 32;
  addHash(tailOf(last));
}

/** Adds a hash to the bitmap. */
export function addHash(end: u64): void {
  const at = bitmap + (<usize> (end >>> 32) & bitmapMask);
  store<u64>(at, load<u64>(at) | bitsOf(end));
}

/** Adds a text. */
export function addText(text: usize, length: usize): void {
  if (length <= 3) common = true;
  addEnd(text, length);
  addWhole(wholeOf(text, length));
}

/** The same for a text without quotes. */
// @ts-ignore: decorator
@inline
export function addPlain(text: usize, length: usize): void {
  if (length <= 3 || isNumber(text, length)) common = true;
  addEndOf(text, length);
  addWhole(wholeOf(text, length));
}

/**
 * Whether a text was added of up to 3 bytes, or one that looks like a number: a hash may by
 * chance. Other texts never do: the last label of a domain is no number (`canonicalDomain`).
 */
export let common: bool = false;

/** Whether a text of 8 bytes or more is digits alone; mostly its last bytes tell. */
// @ts-ignore: decorator
@inline
function isNumber(text: usize, length: usize): bool {
  const high: u64 = 0xf0f0f0f0f0f0f0f0, threes: u64 = 0x3030303030303030;
  const last = load<u64>(text + length - 8);
  if ((last & high) != threes || (last + 0x0606060606060606 & high) != threes) return false;
  return areDigits(text, length);
}

function areDigits(text: usize, length: usize): bool {
  for (let i: usize = 0; i < length; i++) {
    if (!isDigit(load<u8>(text + i))) return false;
  }
  return true;
}

/** Slots of the table in use. */
export let used: u32 = 0;
