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

function read(from: usize, to: usize, first: u32): u32 {
  let at = from;
  line = first;
  while (at < to && waiting < MOST_WAITING) {
    const start = at;
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
    let kind: u32 = 0, skip: u32 = 0;
    if (byte == NEWLINE) {
      if (web) {
        skip = urlSkip(start, end);
        kind = skip > 0 ? load<u8>(URL) : 0;
      } else {
        kind = kindOf(start, end, all, dots);
      }
    } else {
      do at++; while (load<u8>(at) != NEWLINE);
    }
    const number = line++;
    lineEnd = at++;
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

/** The number of a kind plus one; 0 if the line is the host's. */
// @ts-ignore: decorator
@inline
function kindOf(start: usize, end: usize, all: u32, dots: u32): u32 {
  if (dots == 0) return (all & ~(DIGIT | HEX)) == 0 ? hashKind(end - start) : 0;
  if ((all & ~(DIGIT | DOT)) == 0) {
    if (dots != 3) return 0;
    const pair = quad(start, end);
    return pair < 0 || (<u32> load<u8>(PAIRS + (pair >> 3)) >>> (pair & 7) & 1) != 0
      ? 0
      : load<u8>(IPV4);
  }
  if (!isDomain(start, end)) return 0;
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
