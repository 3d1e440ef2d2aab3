/**
 * The scan kernel: goes over a block of whole lines and names those that may
 * hold a text of the set. Three sieves, each finer and slower than the one
 * before: where values end (`ends.ts`), what their last bytes say (`sift.ts`),
 * what the whole value says (`text.ts`). It may name too many lines, never too
 * few, measured by `IocSet.hits` on each line.
 */
import { AT, BACKSLASH, HASH, NEWLINE, QUOTE, RETURN } from "./characters";
import { lastBefore } from "./bytes";
import { beyondAscii, findJsonEnds, findTsvEnds, newlines } from "./ends";
import { decodeJson, decodeTsv } from "./escapes";
import {
  beginLines,
  checkLines,
  checkStart,
  fetched,
  named,
  namedTo,
  nameLine,
  sawLines,
} from "./lines";
import { isEscapedAt, mayBeMailbox } from "./mail";
import { DECODED, EMAILS, ENDS, flags, LINES_MOST, LONGEST, STRIDE } from "./memory";
import { mayBeText, siftJson, siftTsv } from "./sift";
import { mayMatch } from "./text";

export { addNetwork } from "./address";
export { addEnd, addText, addValues, clear, used } from "./filter";
export { firstOdd, named, odd } from "./lines";
export { configure, describe } from "./memory";

/** Lines seen so far in this block, a last one without newline too. */
export let lines: u32 = 0;
/** Whether all bytes seen so far in this block are ASCII. */
export let ascii: bool = true;

let blockStart: usize = 0;
let blockEnd: usize = 0;
let json: bool = true;
let separator: u8 = 0;
let setSeparator: u8 = 0;

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
  const mail = (flags & EMAILS) != 0;
  if (from != blockStart) fetched();
  for (let at = from; at < blockEnd;) {
    const next = min(at + STRIDE, blockEnd);
    const end = json ? siftJson(ENDS, findJsonEnds(at, next, ENDS, mail)) : siftTsv(
      ENDS,
      findTsvEnds(at, next, ENDS, separator, setSeparator, mail),
      separator,
      setSeparator,
    );
    for (let spot = ENDS; spot < end; spot += 4) {
      if (json) lookAtJson(load<u32>(spot));
      else lookAtTsv(load<u32>(spot));
    }
    lines += newlines;
    if (beyondAscii) ascii = false;
    at = next;
    sawLines(at, lines);
    if (named >= LINES_MOST && at < blockEnd) return at;
  }
  return 0;
}

function lookAtJson(end: usize): void {
  const byte = load<u8>(end);
  if (byte == NEWLINE) return checkLines(end);
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
  if (byte == NEWLINE && end + 1 < blockEnd && load<u8>(end, 1) == HASH) nameLine(end + 1, false);
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
