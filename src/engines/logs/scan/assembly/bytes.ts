/** Looking for bytes, 16 at a time. */
import { RETURN, SPACE, TAB } from "./characters";

/** Each byte by its number, for `every`. */
const EVERY: usize = memory.data(256);

/** Writes what `every` reads. */
export function prepareBytes(): void {
  for (let byte: u32 = 0; byte < 256; byte++) store<u8>(EVERY + byte, byte);
}

/** A vector of one byte. It is loaded: the engine would put a constant together anew each time. */
// @ts-ignore: decorator
@inline
export function every(byte: u8): v128 {
  return v128.load_splat<u8>(EVERY + <usize>byte);
}

/** The bits of a mask of 16 where `byte` stands. */
// @ts-ignore: decorator
@inline
export function where(bytes: v128, byte: u8): u32 {
  return <u32> i8x16.bitmask(i8x16.eq(bytes, every(byte)));
}

/** The last place before `from`, but not before `floor`, where `byte` stands; `floor - 1` if nowhere. */
export function lastBefore(from: usize, floor: usize, byte: u8): usize {
  const wanted = i8x16.splat(byte);
  let at = from;
  while (at > floor) {
    const mask = i8x16.bitmask(i8x16.eq(v128.load(at - 16), wanted));
    if (mask != 0) {
      const found = at - 16 + 31 - clz<u32>(mask);
      return found < floor ? floor - 1 : found;
    }
    at -= 16;
  }
  return floor - 1;
}

/** The first place from `from` on where `byte` stands, at most `to`. */
export function firstFrom(from: usize, to: usize, byte: u8): usize {
  const wanted = i8x16.splat(byte);
  for (let at = from; at < to; at += 16) {
    const mask = i8x16.bitmask(i8x16.eq(v128.load(at), wanted));
    if (mask != 0) return min(to, at + ctz<u32>(mask));
  }
  return to;
}

/** How often `byte` stands in [from, to). */
export function count(from: usize, to: usize, byte: u8): u32 {
  const wanted = i8x16.splat(byte);
  let total: u32 = 0;
  let at = from;
  for (; at + 16 <= to; at += 16) {
    total += popcnt<u32>(i8x16.bitmask(i8x16.eq(v128.load(at), wanted)));
  }
  if (at < to) {
    const mask = i8x16.bitmask(i8x16.eq(v128.load(at), wanted));
    total += popcnt<u32>(mask & ((1 << <u32> (to - at)) - 1));
  }
  return total;
}

/** ASCII white space within a line. */
export function isSpace(byte: u32): bool {
  return byte == SPACE || byte == TAB || byte == RETURN;
}

export function isDigit(byte: u32): bool {
  return byte - 0x30 < 10;
}

/** The value of a hexadecimal digit, 16 or more if it is none. */
export function hexValue(byte: u32): u32 {
  if (isDigit(byte)) return byte - 0x30;
  const letter = (byte | 0x20) - 0x61;
  return letter < 6 ? letter + 10 : 16;
}
