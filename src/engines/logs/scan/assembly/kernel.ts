/**
 * The scan kernel: goes over a block of whole lines and names those that may
 * hold a text of the set. Three sieves, each finer and slower than the one
 * before: where values end (`ends.ts`), what their last bytes say (`sift.ts`),
 * what the whole value says (`text.ts`). For sets of a few IoCs one comes before
 * them (`seek.ts`). It may name too many lines, never too few, measured by
 * `IocSet.hits` on each line.
 */
import { AT, BACKSLASH, HASH, NEWLINE, QUOTE, RETURN } from "./characters";
import { firstFrom, lastBefore } from "./bytes";
import { beyondAscii, findJsonEnds, findTsvEnds, newlines } from "./ends";
import { decodeJson, decodeTsv } from "./escapes";
import {
  beginLines,
  checkStart,
  fetched,
  named,
  namedTo,
  nameLine,
  sawLines,
} from "./lines";
import { isEscapedAt, mayBeMailbox } from "./mail";
import { COMMON, DECODED, EMAILS, ENDS, flags, LINES_MOST, LONGEST, STRIDE } from "./memory";
import {
  beyondAscii as soughtBeyondAscii,
  header,
  needles,
  newlines as soughtNewlines,
  nextMark,
  PIECES,
  seek,
} from "./seek";
import { mayBeText, siftJson, siftTsv } from "./sift";
import { mayMatch } from "./text";

export { addNetwork } from "./address";
export { addEnd, addText, common, tiny, used } from "./filter";
export { firstOdd, named, odd } from "./lines";
export { configure, describe } from "./memory";
export { describeNeedles } from "./seek";
export { addValues, seen } from "./values";

/** Lines seen so far in this block, a last one without newline too. */
export let lines: u32 = 0;
/** Whether all bytes seen so far in this block are ASCII. */
export let ascii: bool = true;

let blockStart: usize = 0;
let blockEnd: usize = 0;
let json: bool = true;
let separator: u8 = 0;
let setSeparator: u8 = 0;
/** Up to here lines were looked at closer, and how many bytes in all. */
let closeTo: usize = 0;
let closeBytes: usize = 0;
/** Whether the last stride was sought for needles, or none came before. */
let sought: bool = true;
/** Bytes of a block after which its lines must be worth seeking. */
const TRIAL: usize = 65536;

/**
 * Begins a block of whole lines at [from, to); the byte before it and 80 after it
 * are overwritten. With `tab` 0 the lines are JSON, else columns with these separators.
 */
export function begin(from: usize, to: usize, tab: u32, comma: u32): void {
  memory.fill(to, 0, 80);
  store<u8>(from - 1, NEWLINE);
  json = tab == 0;
  separator = <u8> tab;
  setSeparator = <u8> comma;
  lines = 0;
  ascii = true;
  blockStart = from;
  blockEnd = to;
  closeTo = from;
  closeBytes = 0;
  sought = true;
  beginLines(from, to);
  if (from == to) return;
  // Every line ends with a newline, the last one too.
  if (load<u8>(to - 1) != NEWLINE) store<u8>(blockEnd++, NEWLINE);
  if (json) checkStart(from);
  else if (load<u8>(from) == HASH) nameLine(from, false);
}

/**
 * Goes on from `from`, the start of the block or what the last call returned.
 * Returns 0 when done, or where to go on when so many lines are named that the
 * host has to fetch them first. `named` lines stand at `LINES`.
 */
export function run(from: usize): usize {
  if (from != blockStart) fetched();
  for (let at = from; at < blockEnd;) {
    const next = min(at + STRIDE, blockEnd);
    // Where most lines have a needle, seeking saves nothing.
    if (needles != 0 && closeBytes <= TRIAL + (at - blockStart) / 2) {
      // A value that reaches over from a stride that was not sought may have its needle there.
      if (!sought) lookCloser(max(at, closeTo), min(firstFrom(at, blockEnd, NEWLINE) + 1, blockEnd));
      seekStride(at, next);
      sought = !header;
    } else {
      sought = false;
      lookAtStride(at, next);
      lines += newlines;
      if (beyondAscii) ascii = false;
    }
    at = next;
    sawLines(at, lines);
    if (named >= LINES_MOST && at < blockEnd) return at;
  }
  return 0;
}

/** Looks at all values that end in [at, next). */
function lookAtStride(at: usize, next: usize): void {
  const mail = (flags & EMAILS) != 0;
  const end = json ? siftJson(ENDS, findJsonEnds(at, next, ENDS, mail)) : siftTsv(
    ENDS,
    findTsvEnds(at, next, ENDS, separator, setSeparator, mail, (flags & COMMON) != 0),
    separator,
    setSeparator,
  );
  for (let spot = ENDS; spot < end; spot += 4) {
    if (json) lookAtJson(load<u32>(spot));
    else lookAtTsv(load<u32>(spot));
  }
}

/** Looks at the lines in [at, next) that have a needle. */
function seekStride(at: usize, next: usize): void {
  seek(at, next, json);
  if (header) {
    lookAtStride(at, next);
  } else {
    for (let piece = nextMark(0); piece < PIECES; piece = nextMark(piece + 1)) {
      const place = at + (<usize>piece << 6);
      const start = lastBefore(place, blockStart, NEWLINE) + 1;
      const end = min(firstFrom(place + 64, blockEnd, NEWLINE) + 1, blockEnd);
      lookCloser(max(start, closeTo), end);
    }
  }
  lines += soughtNewlines;
  if (soughtBeyondAscii) ascii = false;
}

/** Looks at the lines in [from, to). */
function lookCloser(from: usize, to: usize): void {
  if (from >= to) return;
  closeTo = to;
  closeBytes += to - from;
  for (let at = from; at < to; at += STRIDE) lookAtStride(at, min(at + STRIDE, to));
}

function lookAtJson(end: usize): void {
  const byte = load<u8>(end);
  if (end < namedTo) return;
  let found: bool;
  if (byte == QUOTE) found = lookAtString(end);
  else if (byte == AT) found = mayBeMailbox(end, blockStart, blockEnd);
  else found = isEscapedAt(end, blockEnd);
  if (found) nameLine(end, true);
}

/** Whether the string that a quote at `end` closes may be in the set. */
function lookAtString(end: usize): bool {
  const floor = max(blockStart, end - LONGEST);
  let open = lastBefore(end, floor, QUOTE);
  while (open >= floor && isEscaped(open, floor)) open = lastBefore(open, floor, QUOTE);
  if (open < floor) return floor > blockStart;
  const start = open + 1;
  if (lastBefore(end, start, BACKSLASH) < start) return mayMatch(start, end - start);
  const length = decodeJson(start, end);
  return mayBeText(DECODED, length) && mayMatch(DECODED, length);
}

/** Whether an odd number of backslashes stands before `at`. */
function isEscaped(at: usize, floor: usize): bool {
  let from = at;
  while (from > floor && load<u8>(from - 1) == BACKSLASH) from--;
  return ((at - from) & 1) != 0;
}

function lookAtTsv(end: usize): void {
  const byte = load<u8>(end);
  if (end >= namedTo) {
    const found = byte == AT && separator != AT
      ? mayBeMailbox(end, blockStart, blockEnd)
      : lookAtColumn(end, byte);
    if (found) nameLine(end, false);
  }
  if (byte != NEWLINE || end + 1 >= blockEnd || load<u8>(end, 1) != HASH) return;
  if (end + 1 >= namedTo) nameLine(end + 1, false);
}

/** Whether the column or element that ends at `end` may be in the set. */
function lookAtColumn(end: usize, byte: u8): bool {
  const floor = max(blockStart, end - LONGEST);
  const line = lastBefore(end, floor, NEWLINE);
  const column = max(line, lastBefore(end, max(floor, line + 1), separator)) + 1;
  if (column == floor && floor > blockStart) return true;
  const element = max(column, lastBefore(end, column, setSeparator) + 1);
  const stop = byte == NEWLINE && end > column && load<u8>(end - 1) == RETURN ? end - 1 : end;
  if (lookAtText(element, stop)) return true;
  return byte != setSeparator && element > column && lookAtText(column, stop);
}

function lookAtText(start: usize, end: usize): bool {
  if (end <= start) return false;
  if (lastBefore(end, start, BACKSLASH) < start) return mayMatch(start, end - start);
  const length = decodeTsv(start, end);
  return mayBeText(DECODED, length) && mayMatch(DECODED, length);
}
