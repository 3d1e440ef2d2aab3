/** Bytes by name, and looking for them 16 at a time. */

export const SPACE: u32 = 0x20;
export const QUOTATION: u32 = 0x22;
export const APOSTROPHE: u32 = 0x27;
export const PLUS: u32 = 0x2b;
export const COMMA: u32 = 0x2c;
export const MINUS: u32 = 0x2d;
export const DOT: u32 = 0x2e;
export const SLASH: u32 = 0x2f;
export const ZERO: u32 = 0x30;
export const COLON: u32 = 0x3a;
export const EQUALS: u32 = 0x3d;
export const AT: u32 = 0x40;
export const OPEN_LIST: u32 = 0x5b;
export const BACKSLASH: u32 = 0x5c;
export const CLOSE_LIST: u32 = 0x5d;
export const UNDERSCORE: u32 = 0x5f;
export const OPEN: u32 = 0x7b;
export const CLOSE: u32 = 0x7d;
export const DELETE: u32 = 0x7f;

// @ts-ignore: decorator
@inline
export function isDigit(byte: u32): bool {
  return byte - ZERO < 10;
}

/** Lanes with `0` to `9` and `a` to `f`. */
// @ts-ignore: decorator
@inline
export function lowerHex(bytes: v128): v128 {
  return v128.or(
    i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(10)),
    i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x61)), i8x16.splat(6)),
  );
}

/** Whether a text (ASCII) stands at `at`. */
export function spells(at: usize, text: string): bool {
  const characters = changetype<usize>(text);
  const length = text.length;
  for (let i = 0; i < length; i += 8) {
    const bytes = v128.load_ext<u8>(at + i);
    const same = i16x8.bitmask(i16x8.eq(bytes, v128.load(characters + (<usize> i << 1))));
    const wanted = (1 << min(length - i, 8)) - 1;
    if ((same & wanted) != wanted) return false;
  }
  return true;
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
