/**
 * The sieve before all others, for sets of a few IoCs: texts of which one must stand
 * in a line that holds an IoC of the set (`needles.ts` says which). Marks the
 * pieces of 64 bytes whose lines need the other sieves: those with such a text,
 * and those where it may be written otherwise, with escapes or beyond ASCII.
 */
import {
  BACKSLASH,
  CLOSE_BRACE,
  HASH,
  LETTER_U,
  LETTER_X,
  NEWLINE,
  OPEN_BRACE,
  SPACE,
} from "./characters";
import { every } from "./bytes";
import { checkLines } from "./lines";
import { NEEDLES, STRIDE } from "./memory";

/** Bytes of a needle: two places, two bytes, length, padding, and from `TEXT` on its text, folded. */
const NEEDLE: usize = 64;
const TEXT: usize = 16;

/** How many needles there are; without any this sieve is not used. */
export let needles: u32 = 0;

/** Says how many needles stand at `NEEDLES`. */
export function describeNeedles(count: u32): void {
  needles = count;
}

/** Newlines in the last stride. */
export let newlines: u32 = 0;
/** Whether the last stride has a byte beyond ASCII. */
export let beyondAscii: bool = false;
/** Whether the last stride has a line of columns that is a header. */
export let header: bool = false;

/** A bit for each piece of the stride, two words. */
let marks0: u64 = 0;
let marks1: u64 = 0;

/** The first marked piece of the stride from number `from` on, `PIECES` if there is none. */
export function nextMark(from: u32): u32 {
  if (from < 64) {
    const left = marks0 >>> from << from;
    if (left != 0) return <u32>ctz<u64>(left);
    from = 64;
  }
  if (from >= PIECES) return PIECES;
  const left = marks1 >>> (from - 64) << (from - 64);
  return left != 0 ? 64 + <u32>ctz<u64>(left) : PIECES;
}

/** Pieces in a stride. */
export const PIECES: u32 = <u32>STRIDE / 64;

// @ts-ignore: decorator
@inline
function mark(piece: usize): void {
  if (piece < 64) marks0 |= 1 << piece;
  else marks1 |= 1 << (piece - 64);
}

// @ts-ignore: decorator
@inline
function maskOf(a: v128, b: v128, c: v128, d: v128): u64 {
  return <u64>i8x16.bitmask(a) | <u64>i8x16.bitmask(b) << 16 |
    <u64>i8x16.bitmask(c) << 32 | <u64>i8x16.bitmask(d) << 48;
}

/** Goes over the stride [from, to). */
export function seek(from: usize, to: usize, json: bool): void {
  marks0 = 0;
  marks1 = 0;
  header = false;
  survey(from, to, json);
  for (let i: u32 = 0; i < needles; i++) find(NEEDLES + <usize>i * NEEDLE, from, to);
}

/** Counts lines, and marks where escapes and other scripts stand. */
function survey(from: usize, to: usize, json: bool): void {
  const newline = every(NEWLINE), backslash = every(BACKSLASH);
  let total: u32 = 0;
  let bytes = newline;
  for (let at = from; at < to; at += 64) {
    const a = v128.load(at), b = v128.load(at, 16), c = v128.load(at, 32), d = v128.load(at, 48);
    const bits = v128.or(v128.or(a, b), v128.or(c, d));
    bytes = v128.or(bytes, bits);
    const escapes = v128.or(
      v128.or(i8x16.eq(a, backslash), i8x16.eq(b, backslash)),
      v128.or(i8x16.eq(c, backslash), i8x16.eq(d, backslash)),
    );
    // The least byte, beyond ASCII ones being less than zero; columns have tabs, which are less than newlines.
    const least = i8x16.min_s(i8x16.min_s(a, b), i8x16.min_s(c, d));
    if (i8x16.bitmask(v128.or(escapes, i8x16.le_s(least, newline))) == 0) continue;
    let ends = maskOf(
      i8x16.eq(a, newline),
      i8x16.eq(b, newline),
      i8x16.eq(c, newline),
      i8x16.eq(d, newline),
    );
    // A block of whole lines ends with a newline: none that counts stands behind `to`.
    if (to - at < 64) ends &= (<u64>1 << <u64>(to - at)) - 1;
    total += <u32>popcnt<u64>(ends);
    lookAtNewlines(at, ends, json);
    if (i8x16.bitmask(v128.or(escapes, bits)) == 0) continue;
    const mask = maskOf(
      i8x16.eq(a, backslash),
      i8x16.eq(b, backslash),
      i8x16.eq(c, backslash),
      i8x16.eq(d, backslash),
    );
    if (i8x16.bitmask(bits) != 0 || spellsBytes(at, mask, json)) mark((at - from) >>> 6);
  }
  newlines = total;
  beyondAscii = i8x16.bitmask(bytes) != 0;
}

/** Whether one of the backslashes begins an escape that may stand for a letter, a digit or a dot. */
function spellsBytes(at: usize, mask: u64, json: bool): bool {
  const letter: u32 = json ? LETTER_U : LETTER_X;
  for (; mask != 0; mask &= mask - 1) {
    if (<u32>load<u8>(at + <usize>ctz<u64>(mask), 1) == letter) return true;
  }
  return false;
}

function lookAtNewlines(at: usize, mask: u64, json: bool): void {
  for (; mask != 0; mask &= mask - 1) {
    const place = at + <usize>ctz<u64>(mask);
    const next = load<u8>(place, 1);
    if (json) {
      if (load<u8>(place - 1) != CLOSE_BRACE || next != OPEN_BRACE) checkLines(place);
    } else if (next == HASH) {
      header = true;
    }
  }
}

/** Marks where a needle stands in [from, to). */
function find(needle: usize, from: usize, to: usize): void {
  const first = v128.load_splat<u8>(needle, 8), second = v128.load_splat<u8>(needle, 9);
  const place = load<u32>(needle), length = load<u32>(needle, 4);
  const apart = <usize>load<u8>(needle, 10);
  const fold = every(SPACE);
  for (let at = from; at < to; at += 64) {
    const other = at + apart;
    const a = both(v128.load(at), v128.load(other), first, second, fold);
    const b = both(v128.load(at, 16), v128.load(other, 16), first, second, fold);
    const c = both(v128.load(at, 32), v128.load(other, 32), first, second, fold);
    const d = both(v128.load(at, 48), v128.load(other, 48), first, second, fold);
    if (i8x16.bitmask(v128.or(v128.or(a, b), v128.or(c, d))) == 0) continue;
    for (let mask = maskOf(a, b, c, d); mask != 0; mask &= mask - 1) {
      const start = at + <usize>ctz<u64>(mask) - place;
      if (isText(start, needle + TEXT, length)) {
        mark((at - from) >>> 6);
        break;
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function both(a: v128, b: v128, first: v128, second: v128, fold: v128): v128 {
  return v128.and(i8x16.eq(v128.or(a, fold), first), i8x16.eq(v128.or(b, fold), second));
}

function isText(at: usize, text: usize, length: usize): bool {
  for (let i: usize = 0; i < length; i++) {
    if ((load<u8>(at + i) | 0x20) != load<u8>(text + i)) return false;
  }
  return true;
}
