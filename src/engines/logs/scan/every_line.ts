import type { CreateFinder, Finder, Findings, LineFormat, Needles } from "./finder.ts";

const NEWLINE = 0x0a;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/**
 * The simplest finder: each line that can be an event is a candidate. It is the
 * oracle of the others, and the one to use when every line matters.
 */
export function createEveryLineFinder(_needles: Needles, format: LineFormat): Finder {
  const json = format.type === "json";
  const candidates: number[] = [];
  return {
    find(block, start, end) {
      candidates.length = 0;
      let lines = 0, odd = 0, firstOdd = -1;
      for (let at = start; at < end; lines++) {
        const newline = block.indexOf(NEWLINE, at);
        const stop = newline < 0 || newline > end ? end : newline;
        const from = skipSpace(block, at, stop);
        if (from < stop) {
          if (!json || isObject(block, from, stop)) candidates.push(at, stop, lines);
          else if (odd++ === 0) firstOdd = lines;
        }
        at = stop + 1;
      }
      return { lines, candidates, length: candidates.length, odd, firstOdd };
    },
  };
}

/** Which of all lines another finder named too. */
function holding(all: Findings, named: Findings): Uint8Array {
  const marks = new Uint8Array(all.length / 3);
  for (let at = 0, next = 0; at < marks.length && next < named.length; at++) {
    const line = all.candidates[3 * at + 2]!;
    while (next < named.length && named.candidates[next + 2]! < line) next += 3;
    if (next < named.length && named.candidates[next + 2] === line) marks[at] = 1;
  }
  return marks;
}

/**
 * The finder for a format: the given one where it can tell lines apart, else every
 * line. Where every line matters, the given one says which of them hold IoCs.
 */
export function chooseFinder(
  createFinder: CreateFinder,
  needles: Needles,
  format: LineFormat,
): Finder {
  const everyLine = createEveryLineFinder(needles, format);
  if (format.type === "lines") return everyLine;
  const { iocs } = needles;
  let finder: Finder | undefined;
  return {
    find(block, start, end) {
      // Asked each time: while following, compound patterns come and go.
      finder ??= createFinder({ iocs }, format);
      const found = finder.find(block, start, end);
      if (needles.everything !== true) return found;
      const all = everyLine.find(block, start, end);
      const ascii = found.ascii === undefined ? {} : { ascii: found.ascii };
      return { ...all, ...ascii, holding: holding(all, found) };
    },
  };
}

function isObject(block: Uint8Array, from: number, stop: number): boolean {
  let last = stop - 1;
  while (last > from && isSpace(block[last]!)) last--;
  return block[from] === OPEN && block[last] === CLOSE;
}

function skipSpace(block: Uint8Array, from: number, stop: number): number {
  while (from < stop && isSpace(block[from]!)) from++;
  return from;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}
