/**
 * Passing over JSON (RFC 8259) in UTF-8, checked as strictly as `JSON.parse` does. Each function
 * takes where something starts and returns where it has ended, `NONE` if it is none. A byte 0
 * stands behind the whole: it fits nowhere, so that no other end is looked for.
 */
import {
  BACKSLASH,
  DOT,
  isDigit,
  MINUS,
  PLUS,
  QUOTATION,
  SPACE,
  ZERO,
} from "./bytes";

export const NONE: usize = 0;

/** Space, tab, line feed and carriage return, a bit each. */
const SPACES: u64 = 0x1_0000_2600;

/** Mostly there is one space or none: no loop then, which costs more than it does. */
// @ts-ignore: decorator
@inline
export function skipSpace(at: usize): usize {
  if (load<u8>(at) == SPACE) at++;
  return load<u8>(at) <= SPACE ? skipSpaces(at) : at;
}

function skipSpaces(at: usize): usize {
  while (true) {
    const byte = <u32> load<u8>(at);
    if (byte > SPACE || (SPACES >> byte & 1) == 0) return at;
    at++;
  }
}

/** A number, `true`, `false` or `null`. */
export function skipScalar(at: usize): usize {
  // "true", "fals", "null".
  const word = load<u32>(at);
  if (word == 0x65757274 || word == 0x6c6c756e) return at + 4;
  if (word == 0x736c6166) return load<u8>(at, 4) == 0x65 ? at + 5 : NONE;
  return skipNumber(at);
}

/** From anywhere in a string to its closing quotation mark. */
export function skipString(at: usize): usize {
  while (true) {
    at = skipPlain(at);
    const byte = <u32> load<u8>(at);
    if (byte == QUOTATION) return at;
    if (byte == BACKSLASH) at = skipEscape(at + 1);
    else at = byte >= 0x80 ? skipCharacter(at) : NONE;
    if (at == NONE) return NONE;
  }
}

/** To the first byte of a string that is not ASCII that stands for itself. */
// @ts-ignore: decorator
@inline
export function skipPlain(at: usize): usize {
  while (true) {
    const bytes = v128.load(at);
    // As signed bytes, those beyond ASCII are below the controls; with one bit turned, the quotation mark is next to these.
    const others = v128.or(
      i8x16.lt_s(v128.xor(bytes, i8x16.splat(2)), i8x16.splat(0x21)),
      i8x16.eq(bytes, i8x16.splat(<u8> BACKSLASH)),
    );
    const mask = i8x16.bitmask(others);
    if (mask != 0) return at + ctz<u32>(mask);
    at += 16;
  }
}

/** From behind a backslash. */
function skipEscape(at: usize): usize {
  switch (load<u8>(at)) {
    case 0x75: // u
      for (let i: usize = 1; i <= 4; i++) if (!isHex(load<u8>(at + i))) return NONE;
      return at + 5;
    case 0x22: // "
    case 0x5c: // \
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return at + 1;
    default:
      return NONE;
  }
}

function isHex(byte: u32): bool {
  return isDigit(byte) || (byte | 0x20) - 0x61 < 6;
}

/** A character beyond ASCII (RFC 3629, section 4: none too long, no surrogates, none above U+10FFFF). */
function skipCharacter(at: usize): usize {
  const first = <u32> load<u8>(at), second = <u32> load<u8>(at, 1);
  if (!continues(second)) return NONE;
  if (first - 0xc2 < 0x1e) return at + 2;
  if (!continues(load<u8>(at, 2))) return NONE;
  if (first - 0xe0 < 0x10) {
    if (first == 0xe0 && second < 0xa0) return NONE;
    return first == 0xed && second >= 0xa0 ? NONE : at + 3;
  }
  if (first - 0xf0 >= 5 || !continues(load<u8>(at, 3))) return NONE;
  if (first == 0xf0 && second < 0x90) return NONE;
  return first == 0xf4 && second >= 0x90 ? NONE : at + 4;
}

// @ts-ignore: decorator
@inline
function continues(byte: u32): bool {
  return (byte & 0xc0) == 0x80;
}

/** Section 6; what follows the number shows what is wrong with it otherwise. */
function skipNumber(at: usize): usize {
  if (load<u8>(at) == MINUS) at++;
  at = load<u8>(at) == ZERO ? at + 1 : skipDigits(at);
  if (at == NONE) return NONE;
  if (load<u8>(at) == DOT) {
    at = skipDigits(at + 1);
    if (at == NONE) return NONE;
  }
  if ((load<u8>(at) | 0x20) != 0x65) return at;
  const sign = <u32> load<u8>(at, 1);
  return skipDigits(sign == MINUS || sign == PLUS ? at + 2 : at + 1);
}

/** One digit or more. */
function skipDigits(at: usize): usize {
  const start = at;
  while (isDigit(load<u8>(at))) at++;
  return at > start ? at : NONE;
}
