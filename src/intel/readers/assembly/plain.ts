/**
 * Goes over the lines of a plain list and puts those that hold nothing but an
 * address, a domain, a hash or a URL in canonical form into the columns of an indicator
 * set: what `scanSimple` in `../simple.ts` takes, from which the classes of bytes come.
 * At all other lines it stops, for the host to see to them.
 */
import {
  after,
  end as takenEnd,
  flush,
  HOST,
  line as takenLine,
  MOST_WAITING,
  start as takenStart,
  TAKEN,
  wait,
  waiting,
} from "./columns";

export {
  added,
  count,
  keys,
  known,
  length,
  placeRecords,
  placeTable,
  resume,
  slotMask,
  slots,
  used,
} from "./columns";

/** Tables that the host writes: classes of bytes, u8 each, and numbers of kinds. */
const CLASSES: usize = 0;
const IPV4: usize = 256;
const DOMAIN: usize = 257;
const URL: usize = 258;
const MD5: usize = 259;
const SHA1: usize = 260;
const SHA256: usize = 261;
const SHA512: usize = 262;
/** What the guard has to see: domains by first byte a bit for each length, u32; addresses by their first two octets, a bit each. */
const SHAPES: usize = 768;
const PAIRS: usize = 0x4000;

const DIGIT: u32 = 1;
const HEX: u32 = 2;
const LETTER: u32 = 6;
const DOT: u32 = 8;
const MARK: u32 = 16;
const WORD: u32 = 31;
const PATH: u32 = 32;

const NEWLINE: u32 = 0x0a;
const SPACE: u32 = 0x20;
const COLON: u32 = 0x3a;
const SLASH: u32 = 0x2f;

/** The line at which a scan stopped: its start, its end, and where the next one starts. */
export let lineStart: usize = 0;
export let lineEnd: usize = 0;
export let next: usize = 0;
/** The number of the line after those that were gone through. */
export let line: u32 = 0;

/**
 * Takes the lines in [from, to), of which the first has the number `first`; `to` stands behind a
 * newline. Returns why it stopped: `TAKEN` after some lines, or at the end, `HOST` at a line that is
 * the host's, `FULL` at one for which there is no room.
 */
export function scan(from: usize, to: usize, first: u32): u32 {
  const stop = read(from, to, first);
  const result = flush();
  if (result == TAKEN) return stop;
  lineStart = takenStart;
  lineEnd = takenEnd;
  line = takenLine + 1;
  next = after;
  return result;
}

/** Bytes that vectors are compared with, u8 each, where nothing else is: loaded, as the engine would put constants together anew for every line. */
const BYTES: usize = 0x1000;

/** Takes lines until enough values wait; most are of one kind of bytes and told apart 16 bytes at a time. */
function read(from: usize, to: usize, first: u32): u32 {
  store<u32>(BYTES, 0x2e_19_61_0a);
  store<u32>(BYTES, 0x05_5f_2d_30, 4);
  store<u8>(BYTES, 9, 8);
  const newline = v128.load_splat<u8>(BYTES), a = v128.load_splat<u8>(BYTES, 1);
  const toZ = v128.load_splat<u8>(BYTES, 2), dot = v128.load_splat<u8>(BYTES, 3);
  const zero = v128.load_splat<u8>(BYTES, 4), toNine = v128.load_splat<u8>(BYTES, 8);
  const dash = v128.load_splat<u8>(BYTES, 5), underscore = v128.load_splat<u8>(BYTES, 6);
  const toF = v128.load_splat<u8>(BYTES, 7);
  let at = from;
  line = first;
  while (at < to && waiting < MOST_WAITING) {
    const start = at;
    // A bit for each byte of the line.
    let digits: u64 = 0, letters: u64 = 0, hexes: u64 = 0, dots: u64 = 0, marks: u64 = 0;
    let length: u64 = 0;
    let ends: u32;
    do {
      const bytes = v128.load(at);
      const alphabetic = i8x16.sub(bytes, a);
      ends = <u32> i8x16.bitmask(i8x16.eq(bytes, newline));
      digits |= bits(i8x16.le_u(i8x16.sub(bytes, zero), toNine)) << length;
      letters |= bits(i8x16.le_u(alphabetic, toZ)) << length;
      hexes |= bits(i8x16.le_u(alphabetic, toF)) << length;
      dots |= bits(i8x16.eq(bytes, dot)) << length;
      marks |= bits(v128.or(i8x16.eq(bytes, dash), i8x16.eq(bytes, underscore))) << length;
      at += 16;
      length += 16;
    } while (ends == 0 && length < 64);
    if (ends != 0) length += <u64> ctz<u32>(ends) - 16;
    else if (load<u8>(at) != NEWLINE) length = LONG;
    const live: u64 = length < 64 ? (<u64> 1 << length) - 1 : -1;
    let kind: u32 = 0, skip: u32 = 0;
    let end = start + <usize> length;
    if (length < LONG && (live & ~(digits | letters | dots | marks)) == 0) {
      lineEnd = end;
      kind = kindOf(start, end, live, digits & live, letters & live, hexes, dots & live);
    } else {
      kind = otherKind(start);
      end = valueEnd;
      skip = valueSkip;
    }
    const number = line++;
    at = lineEnd + 1;
    if (start == lineEnd) continue;
    if (kind == 0) {
      lineStart = start;
      next = at;
      return HOST;
    }
    wait(kind - 1, start, end, skip, number, at);
  }
  next = at;
  return TAKEN;
}

/** More bytes than a line has whose bytes have a bit each. */
const LONG: u64 = 65;

// @ts-ignore: decorator
@inline
function bits(lanes: v128): u64 {
  return <u64> <u32> i8x16.bitmask(lanes);
}

/** What `otherKind` found besides: where the value ends, and bytes at its start that are no key. */
let valueEnd: usize = 0;
let valueSkip: u32 = 0;

/** The number of the kind of a longer line, or one with a URL or with white space, plus one; 0 if it is the host's. */
function otherKind(start: usize): u32 {
  let at = start;
  let all: u32 = 0, dots: u32 = 0;
  let byte: u32;
  while (true) {
    byte = load<u8>(at);
    const is = <u32> load<u8>(CLASSES + byte) & WORD;
    if (is == 0) break;
    all |= is;
    dots += is >>> 3 & 1;
    at++;
  }
  let end = at;
  const web = byte == COLON;
  if (web) {
    while (load<u8>(CLASSES + <usize> byte) & PATH) byte = load<u8>(++at);
    end = at;
  }
  // A carriage return, spaces.
  while (byte <= SPACE && byte != NEWLINE) byte = load<u8>(++at);
  const clean = byte == NEWLINE;
  while (byte != NEWLINE) byte = load<u8>(++at);
  lineEnd = at;
  valueEnd = end;
  valueSkip = 0;
  if (!clean) return 0;
  if (web) {
    valueSkip = urlSkip(start, end);
    return valueSkip > 0 ? load<u8>(URL) : 0;
  }
  if (dots == 0) return (all & ~(DIGIT | HEX)) == 0 ? hashKind(end - start) : 0;
  if ((all & ~(DIGIT | DOT)) == 0) return dots == 3 ? addressKind(start, end) : 0;
  return isDomain(start, end) ? domainKind(start, end) : 0;
}

/** The number of the kind of a line of 64 bytes or fewer plus one, given a bit for each byte; 0 if it is the host's. */
// @ts-ignore: decorator
@inline
function kindOf(
  start: usize,
  end: usize,
  live: u64,
  digits: u64,
  letters: u64,
  hexes: u64,
  dots: u64,
): u32 {
  if (dots == 0) return (live & ~(digits | hexes)) == 0 ? hashKind(end - start) : 0;
  if ((digits | dots) == live) return popcnt<u64>(dots) == 3 ? addressKind(start, end) : 0;
  // As in `isDomain`: no label is empty, the last one is of two letters or more.
  const last = live & -(<u64> 2 << (63 - clz<u64>(dots)));
  const isDomain = (dots & (dots >>> 1 | 1)) == 0 && (last & ~letters) == 0 && popcnt<u64>(last) > 1;
  return isDomain ? domainKind(start, end) : 0;
}

// @ts-ignore: decorator
@inline
function addressKind(start: usize, end: usize): u32 {
  const pair = quad(start, end);
  if (pair < 0 || (<u32> load<u8>(PAIRS + (pair >> 3)) >>> (pair & 7) & 1) != 0) return 0;
  return load<u8>(IPV4);
}

// @ts-ignore: decorator
@inline
function domainKind(start: usize, end: usize): u32 {
  const length = <u32> (end - start);
  const shapes = load<u32>(SHAPES + (<usize> load<u8>(start) << 2));
  return length < 32 && (shapes >>> length & 1) != 0 ? 0 : load<u8>(DOMAIN);
}

function hashKind(length: usize): u32 {
  if (length == 32) return load<u8>(MD5);
  if (length == 40) return load<u8>(SHA1);
  if (length == 64) return load<u8>(SHA256);
  return length == 128 ? load<u8>(SHA512) : 0;
}

/** The first two of four octets without leading zeros, -1 if they are none; only digits and dots come here. */
function quad(start: usize, end: usize): i32 {
  let pair: i32 = 0, value: i32 = -1;
  let dots = 0;
  for (let i = start; i <= end; i++) {
    if (i == end || load<u8>(i) == 0x2e) {
      if (value < 0) return -1;
      if (dots++ < 2) pair = pair << 8 | value;
      value = -1;
    } else {
      if (value == 0) return -1;
      value = (value < 0 ? 0 : value * 10) + <i32> load<u8>(i) - 0x30;
      if (value > 255) return -1;
    }
  }
  return dots == 4 ? pair : -1;
}

/** Labels of 1 to 63 bytes, the last one two letters or more; of the right bytes anyway. */
function isDomain(start: usize, end: usize): bool {
  if (end - start > 253) return false;
  let label = start;
  let letters = true;
  let dotted = false;
  for (let i = start; i < end; i++) {
    const is = <u32> load<u8>(CLASSES + load<u8>(i));
    if (is & DOT) {
      if (i == label || i - label > 63) return false;
      label = i + 1;
      letters = true;
      dotted = true;
    } else if ((is & LETTER) == 0) {
      if ((is & (DIGIT | MARK)) == 0) return false;
      letters = false;
    }
  }
  return dotted && letters && label > start && end - label >= 2 && end - label <= 63;
}

/** Length of `http://` or `https://` of a simple URL with a path, 0 if it is none. */
function urlSkip(start: usize, end: usize): u32 {
  // "http", then "s" or not, and "://".
  if (end - start < 9 || load<u32>(start) != 0x70747468) return 0;
  const skip: usize = load<u8>(start, 4) == 0x73 ? 8 : 7;
  if ((load<u32>(start + skip - 4) & 0xffffff00) != 0x2f2f3a00) return 0;
  const host = start + skip;
  let slash = host;
  let letters = false;
  while (slash < end && load<u8>(slash) != SLASH) {
    const is = <u32> load<u8>(CLASSES + load<u8>(slash));
    if (is & LETTER) letters = true;
    else if ((is & (DIGIT | DOT | MARK)) == 0) return 0;
    slash++;
  }
  if (slash == end) return 0;
  return (letters ? isDomain(host, slash) : quad(host, slash) >= 0) ? <u32> skip : 0;
}
