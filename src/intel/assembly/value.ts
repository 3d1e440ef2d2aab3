/**
 * Values that are canonical as they stand, by the rules of `src/match/canonical.ts`. False says
 * nothing: the host reads the value. No value has an apostrophe, or anything but printable ASCII
 * and DEL.
 */
import {
  AT,
  DELETE,
  DOT,
  firstFrom,
  isDigit,
  isLower,
  lowerHex,
  MINUS,
  PLUS,
  SLASH,
  spells,
  UNDERSCORE,
  ZERO,
} from "./bytes";

/** Lower-case hexadecimal, of so many digits (16 or more). */
export function isHash(start: usize, end: usize, digits: usize): bool {
  if (end - start != digits) return false;
  let all = lowerHex(v128.load(end - 16));
  for (let at = start; at < end - 16; at += 16) all = v128.and(all, lowerHex(v128.load(at)));
  return i8x16.all_true(all);
}

/** Four octets without leading zeros. */
export function isIpv4(start: usize, end: usize): bool {
  let value: i32 = -1, dots = 0;
  for (let at = start; at < end; at++) {
    const byte = <u32> load<u8>(at);
    if (byte == DOT) {
      if (value < 0) return false;
      value = -1;
      dots++;
    } else {
      if (value == 0 || !isDigit(byte)) return false;
      value = (value < 0 ? 0 : value * 10) + <i32> (byte - ZERO);
      if (value > 255) return false;
    }
  }
  return dots == 3 && value >= 0;
}

/** Labels of 1 to 63 letters, digits, `-` and `_`, of which the last is no number. */
export function isDomain(start: usize, end: usize): bool {
  if (end - start > 253) return false;
  let label = start;
  let isNumber = true;
  for (let at = start; at < end; at++) {
    const byte = <u32> load<u8>(at);
    if (byte == DOT) {
      if (at == label || at - label > 63) return false;
      label = at + 1;
      isNumber = true;
    } else if (isLower(byte) || byte == MINUS || byte == UNDERSCORE) isNumber = false;
    else if (!isDigit(byte)) return false;
  }
  return end - label - 1 < 63 && !isNumber;
}

/** `http` or `https`, a host without a port, and a path. */
export function isUrl(start: usize, end: usize): bool {
  if (end - start < 9 || !spells(start, "http")) return false;
  let host = start + (load<u8>(start, 4) == 0x73 ? 5 : 4);
  if (!spells(host, "://")) return false;
  host += 3;
  const path = firstFrom(host, end, <u8> SLASH);
  if (path >= end || firstFrom(path, end, <u8> DELETE) < end) return false;
  return isDomain(host, path) || isIpv4(host, path);
}

/** A name of 1 to 64 usual characters at a domain. */
export function isEmail(start: usize, end: usize): bool {
  const at = firstFrom(start, end, <u8> AT);
  if (at - start - 1 >= 64) return false;
  for (let i = start; i < at; i++) {
    const byte = <u32> load<u8>(i);
    const isUsual = isLower(byte) || isDigit(byte) || byte == DOT || byte == MINUS ||
      byte == UNDERSCORE || byte == PLUS;
    if (!isUsual) return false;
  }
  return at < end && isDomain(at + 1, end);
}
