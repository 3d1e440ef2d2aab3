import { isJsonObject } from "../../../json.ts";
import { rowToJson } from "../events/tsv_row.ts";
import type { CreateFinder, Finder, Findings, LineFormat, Needles, Sweep } from "./finder.ts";

const NEWLINE = 0x0a;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const RETURN = 0x0d;

/**
 * The simplest finder: each line that can be an event is a candidate. It is the
 * oracle of the others.
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

/** Of so many lines of a block it is seen whether more than so many matter. */
const SAMPLE = 64;
const ENOUGH = 48;

/** Adds to what a finder named those other lines that may matter to a sweep. */
function withSwept(
  named: Findings,
  all: Findings,
  mayMatter: (from: number, to: number) => boolean,
): Findings {
  const candidates: number[] = [], holding: number[] = [];
  let next = 0, asked = 0, admitted = 0;
  const asks = (from: number, to: number) => {
    // Where nearly all lines matter, asking each would only double the work.
    if (asked === SAMPLE && admitted > ENOUGH) return true;
    const answer = mayMatter(from, to);
    if (asked < SAMPLE) {
      asked++;
      admitted += answer ? 1 : 0;
    }
    return answer;
  };
  for (let i = 0; i < all.length; i += 3) {
    const from = all.candidates[i]!, to = all.candidates[i + 1]!, line = all.candidates[i + 2]!;
    while (next < named.length && named.candidates[next + 2]! < line) next += 3;
    const holds = next < named.length && named.candidates[next + 2] === line;
    if (!holds && !asks(from, to)) continue;
    candidates.push(from, to, line);
    holding.push(holds ? 1 : 0);
  }
  const ascii = named.ascii === undefined ? {} : { ascii: named.ascii };
  return { ...all, ...ascii, candidates, length: candidates.length, holding };
}

const decoder = new TextDecoder();

/** Lines that are no events after all are told of where lines are read. */
function isAdmitted(json: string | undefined, { admits }: Sweep): boolean {
  if (json === undefined) return true;
  let event: unknown;
  try {
    event = JSON.parse(json);
  } catch {
    return true;
  }
  return !isJsonObject(event) || admits(event);
}

/** Whether a line of a format may matter to a sweep; undefined if none tells, so that all may. */
function admitter(
  format: LineFormat,
): ((block: Uint8Array, from: number, to: number, sweep: Sweep) => boolean) | undefined {
  if (format.type === "json") {
    return (block, from, to, sweep) =>
      sweep.glance(block, from, to) &&
      isAdmitted(decoder.decode(block.subarray(from, to)), sweep);
  }
  const header = format.type === "tsv" ? format.header : undefined;
  if (header === undefined) return undefined;
  return (block, from, to, sweep) => {
    const row = block.subarray(from, block[to - 1] === RETURN ? to - 1 : to);
    return isAdmitted(rowToJson(row, header), sweep);
  };
}

/**
 * The finder for a format: the given one where it can tell lines apart, else every
 * line. With a sweep, lines that may matter to it are named too.
 */
export function chooseFinder(
  createFinder: CreateFinder,
  needles: Needles,
  format: LineFormat,
): Finder {
  const everyLine = createEveryLineFinder(needles, format);
  if (format.type === "lines") return everyLine;
  let finder: Finder | undefined;
  const admit = admitter(format);
  return {
    find(block, start, end) {
      finder ??= createFinder(needles, format);
      const named = finder.find(block, start, end);
      // Asked each time: while following, compound patterns come and go.
      const { sweep } = needles;
      if (sweep === undefined) return named;
      const all = everyLine.find(block, start, end);
      return withSwept(named, all, (from, to) => admit?.(block, from, to, sweep) ?? true);
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
