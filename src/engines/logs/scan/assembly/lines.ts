/** Lines that were named, in order, each once; and lines that can't be what they should. */
import { CLOSE_BRACE, NEWLINE, OPEN_BRACE } from "./characters";
import { count, firstFrom, isSpace, lastBefore } from "./bytes";
import { LINES } from "./memory";

/** The block that is gone through: its lines are between these addresses. */
let first: usize = 0;
let last: usize = 0;
/** Lines named so far. */
export let named: u32 = 0;
/** Lines that are no JSON objects, and the index of the first, -1 if none. */
export let odd: u32 = 0;
export let firstOdd: i32 = -1;
/** Up to here lines were named, or found odd. */
export let namedTo: usize = 0;
let oddTo: usize = 0;
/** A place up to which newlines were counted, and how many stand before it in the block. */
let countedTo: usize = 0;
let counted: u32 = 0;

/** Begins a block. */
export function beginLines(from: usize, to: usize): void {
  first = from;
  last = to;
  named = 0;
  odd = 0;
  firstOdd = -1;
  namedTo = from;
  oddTo = from;
  countedTo = from;
  counted = 0;
}

/** Forgets the lines that the host has fetched. */
export function fetched(): void {
  named = 0;
}

/** Index in the block of the line in which `at` stands; `at` never goes back. */
function lineIndex(at: usize): u32 {
  counted += count(countedTo, at, NEWLINE);
  countedTo = at;
  return counted;
}

/** Says that the newlines before `at` are `total`, if that is news. */
export function sawLines(at: usize, total: u32): void {
  if (at <= countedTo) return;
  countedTo = at;
  counted = total;
}

/** Names the line in which `at` stands, unless it can't be an event. */
export function nameLine(at: usize, json: bool): void {
  const start = lastBefore(at, first, NEWLINE) + 1;
  const end = firstFrom(at, last, NEWLINE);
  const index = lineIndex(start);
  namedTo = end + 1;
  if (json && isOdd(start, end)) return;
  const out = LINES + named * 12;
  store<u32>(out, start);
  store<u32>(out, end, 4);
  store<u32>(out, index, 8);
  named++;
}

/** Looks at the lines before and after a newline of JSON lines that doesn't stand between `}` and `{`. */
export function checkLines(newline: usize): void {
  if (newline > first && load<u8>(newline - 1) != NEWLINE) {
    checkLine(lastBefore(newline, first, NEWLINE) + 1, newline);
  }
  if (newline < last) checkStart(newline + 1);
}

/** Looks at the line that starts at `at`. */
export function checkStart(at: usize): void {
  if (at < last && load<u8>(at) != OPEN_BRACE) checkLine(at, firstFrom(at, last, NEWLINE));
}

function checkLine(start: usize, end: usize): void {
  if (start < oddTo || !isOdd(start, end)) return;
  oddTo = end + 1;
  odd++;
  if (firstOdd < 0) firstOdd = count(first, start, NEWLINE);
}

/** Whether a line is neither blank nor from `{` to `}`. */
function isOdd(start: usize, end: usize): bool {
  while (start < end && isSpace(load<u8>(start))) start++;
  if (start == end) return false;
  while (isSpace(load<u8>(end - 1))) end--;
  return load<u8>(start) != OPEN_BRACE || load<u8>(end - 1) != CLOSE_BRACE || end - start < 2;
}
