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
  lowerHex,
  MINUS,
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

/** What stands in a text of up to 64 bytes, a bit for each byte. */
let live: u64 = 0;
let digits: u64 = 0;
let dots: u64 = 0;
/** Letters, digits, dots, `-` and `_`. */
let usual: u64 = 0;

function survey(start: usize, end: usize): void {
  digits = 0;
  dots = 0;
  usual = 0;
  let shift: u64 = 0;
  for (let at = start; at < end; at += 16) {
    const bytes = v128.load(at);
    const isDigit = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(<u8> ZERO)), i8x16.splat(10));
    const isLetter = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x61)), i8x16.splat(26));
    const isDot = i8x16.eq(bytes, i8x16.splat(<u8> DOT));
    const isMark = v128.or(
      i8x16.eq(bytes, i8x16.splat(<u8> MINUS)),
      i8x16.eq(bytes, i8x16.splat(<u8> UNDERSCORE)),
    );
    digits |= bits(isDigit) << shift;
    dots |= bits(isDot) << shift;
    usual |= bits(v128.or(v128.or(isDigit, isLetter), v128.or(isDot, isMark))) << shift;
    shift += 16;
  }
  live = -1 >>> (64 - <u64> (end - start));
  digits &= live;
  dots &= live;
}

// @ts-ignore: decorator
@inline
function bits(lanes: v128): u64 {
  return <u64> <u32> i8x16.bitmask(lanes);
}

/**
 * Labels of letters, digits, `-` and `_`, of which the last is no number. Of 63 bytes at most,
 * so that each label is: longer ones are left to the host.
 */
export function isDomain(start: usize, end: usize): bool {
  // None is too short, either.
  if (end - start - 1 >= 63) return false;
  survey(start, end);
  if ((usual & live) != live) return false;
  // A dot at the start, behind another one, or at the end.
  if ((dots & (dots << 1 | 1)) != 0 || (dots & live - (live >>> 1)) != 0) return false;
  const last = dots == 0 ? live : live & -(<u64> 2 << (63 - clz<u64>(dots)));
  return (last & ~digits) != 0;
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

/** A name of 1 to 63 usual characters at a domain. */
export function isEmail(start: usize, end: usize): bool {
  const at = firstFrom(start, end, <u8> AT);
  if (at - start - 1 >= 63) return false;
  survey(start, at);
  return (usual & live) == live && at < end && isDomain(at + 1, end);
}
