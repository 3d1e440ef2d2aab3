/**
 * The set as the kernel knows it: a bitmap that nearly all ends of values fail
 * in, small enough for the caches, and a table of the fingerprints of wholes.
 */
import { firstFrom } from "./bytes";
import { LETTER_X } from "./characters";
import { endOf, wholeOf } from "./fingerprint";
import { bitmap, bitmapShift, table, tableMask, tableShift } from "./memory";

/** The kind of values that were taken out, see `IocView`. */
const REMOVED: u32 = 255;

/** Whether some text in the set may end like this. */
// @ts-ignore: decorator
@inline
export function mayEnd(end: u64, map: usize, shift: u64): bool {
  const bits = bitsOf(end);
  return (load<u64>(map + (<usize> (end >>> shift) << 3)) & bits) == bits;
}

/** Two of the 64 bits of a word. */
// @ts-ignore: decorator
@inline
function bitsOf(end: u64): u64 {
  return (1 << (end & 63)) | (1 << (end >>> 6 & 63));
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
  return mayEnd(endOf(text, length), bitmap, bitmapShift) && has(wholeOf(text, length));
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
  const end = endOf(text, length);
  const at = bitmap + (<usize> (end >>> bitmapShift) << 3);
  store<u64>(at, load<u64>(at) | bitsOf(end));
}

/** Adds a text. */
export function addText(text: usize, length: usize): void {
  addEnd(text, length);
  addWhole(wholeOf(text, length));
}

/** Slots of the table in use. */
export let used: u32 = 0;

/** Empties the filter. */
export function clear(bitmapBytes: usize, tableBytes: usize): void {
  memory.fill(bitmap, 0, bitmapBytes);
  memory.fill(table, 0, tableBytes);
  used = 0;
}

/**
 * Adds the values number `from` up to `to` of an `IocView` whose arena, starts and
 * kinds lie at these addresses; stops at one that takes more than its text to
 * find, and returns its number. `simple` has a bit for each kind that doesn't.
 */
export function addValues(
  arena: usize,
  starts: usize,
  kinds: usize,
  simple: u32,
  from: u32,
  to: u32,
): u32 {
  for (let i: usize = from; i < to; i++) {
    const kind = <u32>load<u8>(kinds + i);
    if (kind == REMOVED) continue;
    const start = <usize>load<u32>(starts + (i << 2));
    const length = <usize>load<u32>(starts + (i << 2), 4) - start;
    if (!(simple >>> kind & 1) || hasPunycode(arena + start, length)) return <u32>i;
    addText(arena + start, length);
  }
  return to;
}

/** Whether a text has `xn--` in it. */
function hasPunycode(text: usize, length: usize): bool {
  let at = text;
  while (true) {
    at = firstFrom(at, text + length, LETTER_X);
    if (at + 4 >= text + length) return false;
    if (load<u32>(at) == 0x2d2d6e78) return true;
    at++;
  }
}
