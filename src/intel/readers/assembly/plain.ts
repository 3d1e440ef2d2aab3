/**
 * Goes over the lines of a plain list and tells those that hold nothing but an
 * address, a domain or a hash in canonical form, as `scanSimple` in
 * `../simple.ts` does, from which the classes of bytes come. All else is the host's.
 */

/** Classes of bytes, 256 of u8, and then the numbers of kinds; the host writes both. */
const CLASSES: usize = 0;
const IPV4: usize = 256;
const DOMAIN: usize = 257;
const MD5: usize = 258;
const SHA1: usize = 259;
const SHA256: usize = 260;
const SHA512: usize = 261;

const DIGIT: u32 = 1;
const HEX: u32 = 2;
const LETTER: u32 = 6;
const DOT: u32 = 8;
const MARK: u32 = 16;
const WORD: u32 = 31;

const NEWLINE: u32 = 0x0a;
const SPACE: u32 = 0x20;

/** What stands for the kind of a line that is the host's. */
const OTHER: u32 = 255;

/** Where the next call goes on, and the lines up to there. */
export let next: usize = 0;
export let lines: u32 = 0;

/**
 * Writes up to `most` records of lines in [from, to) to `out`: start, end, kind, hash of
 * kind and value, index of the line; u32 each. `to` stands behind a newline.
 */
export function scan(from: usize, to: usize, out: usize, most: u32): u32 {
  let count: u32 = 0;
  let at = from;
  lines = 0;
  while (at < to && count < most) {
    const start = at;
    let all: u32 = 0, dots: u32 = 0;
    let byte: u32;
    while (true) {
      byte = load<u8>(at);
      const is = <u32>load<u8>(CLASSES + byte) & WORD;
      if (is == 0) break;
      all |= is;
      dots += is >>> 3 & 1;
      at++;
    }
    let end = at;
    // A carriage return, spaces.
    while (byte <= SPACE && byte != NEWLINE) byte = load<u8>(++at);
    let kind = OTHER;
    if (byte == NEWLINE) {
      kind = kindOf(start, end, all, dots);
    } else {
      do at++; while (load<u8>(at) != NEWLINE);
    }
    const index = lines++;
    if (start == at++) continue;
    let hash: u32 = 0;
    if (kind == OTHER) end = at - 1;
    else hash = hashOf(kind, start, end);
    store<u32>(out, <u32>start);
    store<u32>(out, <u32>end, 4);
    store<u32>(out, kind, 8);
    store<u32>(out, hash, 12);
    store<u32>(out, index, 16);
    out += 20;
    count++;
  }
  next = at;
  return count;
}

// @ts-ignore: decorator
@inline
function kindOf(start: usize, end: usize, all: u32, dots: u32): u32 {
  if (dots == 0) return (all & ~(DIGIT | HEX)) == 0 ? hashKind(end - start) : OTHER;
  if ((all & ~(DIGIT | DOT)) == 0) {
    return dots == 3 && isQuad(start, end) ? load<u8>(IPV4) : OTHER;
  }
  return isDomain(start, end) ? load<u8>(DOMAIN) : OTHER;
}

function hashKind(length: usize): u32 {
  if (length == 32) return load<u8>(MD5);
  if (length == 40) return load<u8>(SHA1);
  if (length == 64) return load<u8>(SHA256);
  return length == 128 ? load<u8>(SHA512) : OTHER;
}

/** Four octets without leading zeros; only digits and three dots come here. */
function isQuad(start: usize, end: usize): bool {
  let value: i32 = -1;
  for (let i = start; i <= end; i++) {
    if (i == end || load<u8>(i) == 0x2e) {
      if (value < 0) return false;
      value = -1;
    } else {
      if (value == 0) return false;
      value = (value < 0 ? 0 : value * 10) + <i32>load<u8>(i) - 0x30;
      if (value > 255) return false;
    }
  }
  return true;
}

/** Labels of 1 to 63 bytes, the last one two letters or more; of the right bytes anyway. */
function isDomain(start: usize, end: usize): bool {
  if (end - start > 253) return false;
  let label = start;
  let letters = true;
  for (let i = start; i < end; i++) {
    const is = <u32>load<u8>(CLASSES + load<u8>(i));
    if (is & DOT) {
      if (i == label || i - label > 63) return false;
      label = i + 1;
      letters = true;
    } else if ((is & LETTER) == 0) {
      if ((is & (DIGIT | MARK)) == 0) return false;
      letters = false;
    }
  }
  return letters && label > start && end - label >= 2 && end - label <= 63;
}

/** The same as `hashKey` of `src/match/table.ts`. */
function hashOf(kind: u32, start: usize, end: usize): u32 {
  let hash: u32 = 0x811c9dc5 ^ kind;
  for (let i = start; i < end; i++) hash = (hash ^ <u32>load<u8>(i)) * 0x01000193;
  hash = (hash ^ (hash >>> 16)) * 0x85ebca6b;
  hash = (hash ^ (hash >>> 13)) * 0xc2b2ae35;
  return hash ^ (hash >>> 16);
}
