import { isUtf8 } from "node:buffer";
import type { ByteStream } from "../read/byte_stream.ts";
import { describeReadError } from "../read/read_error.ts";
import { type Block, type BlockLimits, DEFAULT_LIMITS, readBlocks } from "../read/blocks.ts";
import { formatAfter, sameFormat, withHeader } from "../events/tsv_header.ts";
import { chooseFinder, createEveryLineFinder } from "./every_line.ts";
import {
  type Candidate,
  type CreateFinder,
  type LineFormat,
  MOVED,
  type Needles,
  type Scan,
  type ScanChunk,
  type ScanFile,
  type ScanTrouble,
} from "./finder.ts";

const NEWLINE = 0x0a;
const HASH = 0x23;
const NOT_JSON = "lines are not JSON objects";
const CUT_SHORT = "last line is cut short";

/** How a file is opened. */
export type OpenFile = (file: ScanFile, signal: AbortSignal) => Promise<ByteStream>;

/** What the inline scanner is made of. */
export interface InlineScanParts {
  readonly createFinder: CreateFinder;
  readonly open: OpenFile;
  readonly limits?: BlockLimits;
}

/** Scans in the calling thread, file after file. */
export function createInlineScan(parts: InlineScanParts): Scan {
  return async function* (files, needles, signal) {
    for (const [index, file] of files.entries()) {
      for await (const chunk of scanFile(file, needles, parts, signal)) {
        yield { file: index, ...chunk };
      }
    }
  };
}

/** A chunk of one file; the caller knows which. */
export type FileChunk = Omit<ScanChunk, "file">;

/** Scans one file from its start to its end; a file that can't be read is a trouble, not an error. */
export async function* scanFile(
  file: ScanFile,
  needles: Needles,
  parts: InlineScanParts,
  signal: AbortSignal,
): AsyncGenerator<FileChunk> {
  let stream: ByteStream | undefined;
  let raw = 0;
  const last: ScanTrouble[] = [];
  try {
    stream = await parts.open(file, signal);
    const { createFinder, limits } = parts;
    const format = needles.sweep === undefined ? file.format : withHeader(file.format);
    const scanner = createBlockScanner(format, needles, createFinder, 1, limits);
    for await (const block of readBlocks(stream, parts.limits)) {
      signal.throwIfAborted();
      const bytes = stream.rawBytes - raw;
      raw = stream.rawBytes;
      const placed = file.from === undefined ? block : { ...block, end: block.end + file.from };
      yield { ...scanner.scan(placed), bytes, end: false };
    }
    const end = stream.rawBytes + (file.from ?? 0);
    if (stream.compression === "none" && end < (file.size ?? 0)) last.push(MOVED);
    else if (stream.damage !== undefined) {
      last.push({ what: stream.damage, count: 1, unread: true });
    }
  } catch (error) {
    signal.throwIfAborted();
    last.push(troubleOf(error));
  } finally {
    stream?.close();
  }
  const bytes = (stream?.rawBytes ?? 0) - raw;
  yield { bytes, lines: 0, candidates: [], troubles: last, end: true };
}

/** What stands in the way of reading a file. */
export function troubleOf(error: unknown): ScanTrouble {
  const trouble = { what: describeReadError(error), count: 1, unread: true };
  return error instanceof Deno.errors.NotFound ? { ...trouble, moved: true } : trouble;
}

/** Turns blocks of one file, in order, into candidates with line numbers. */
export interface BlockScanner {
  /** The format after what was scanned: headers of TSV may change it. */
  readonly format: LineFormat;
  scan(block: Block): Pick<ScanChunk, "lines" | "candidates" | "troubles">;
}

/** Makes the block scanner of one file; `firstLine` is the number of the first line. */
export function createBlockScanner(
  format: LineFormat,
  needles: Needles,
  createFinder: CreateFinder,
  firstLine = 1,
  limits: BlockLimits = DEFAULT_LIMITS,
): BlockScanner {
  let now = format;
  let finder = chooseFinder(createFinder, needles, now);
  let line = firstLine;

  /** Scans `block[from…]` up to a header that changes the format; returns where it stopped. */
  function scanPart(
    block: Block,
    from: number,
    candidates: Candidate[],
    troubles: ScanTrouble[],
  ): number {
    const { bytes } = block;
    const before = block.end - bytes.length;
    // A row that is cut short shows only when it is held against its header.
    const seeker = block.unterminated && now.type === "tsv"
      ? createEveryLineFinder(needles, now)
      : finder;
    const found = seeker.find(bytes, from, bytes.length);
    if (from === 0 && found.ascii !== true && !isUtf8(bytes)) {
      troubles.push(invalidUtf8(bytes, line));
    }
    if (found.odd > 0) {
      const what = block.unterminated ? CUT_SHORT : NOT_JSON;
      troubles.push({ what, count: found.odd, line: line + found.firstOdd, unread: false });
    }
    for (let i = 0; i + 2 < found.length; i += 3) {
      const start = found.candidates[i]!, end = found.candidates[i + 1]!;
      const index = found.candidates[i + 2]!;
      const candidate: Candidate = {
        line: line + index,
        bytes: bytes.slice(start, end),
        offset: before + start,
        ...(block.unterminated && end === bytes.length ? { open: true } : {}),
      };
      candidates.push(found.holding?.[i / 3] === 0 ? { ...candidate, valueless: true } : candidate);
      if (now.type === "json" || bytes[start] !== HASH) continue;
      const next = formatAfter(now, bytes.subarray(start, end));
      if (sameFormat(now, next)) continue;
      now = next;
      finder = chooseFinder(createFinder, needles, now);
      line += index + 1;
      return end + 1;
    }
    line += found.lines;
    return bytes.length;
  }

  return {
    get format() {
      return now;
    },
    scan(block) {
      const first = line;
      const candidates: Candidate[] = [];
      const troubles: ScanTrouble[] = [];
      if (block.skipped > 0) troubles.push(overlong(block.skipped, line, limits.maxLineBytes));
      line += block.skipped;
      for (let at = 0; at < block.bytes.length;) at = scanPart(block, at, candidates, troubles);
      return { lines: line - first, candidates, troubles };
    },
  };
}

function overlong(count: number, line: number, limit: number): ScanTrouble {
  const what = `lines longer than ${limit / 2 ** 20} MiB were skipped`;
  return { what, count, line, unread: true };
}

/** Counts the lines of a block that are not UTF-8; they are read with U+FFFD for the bad bytes. */
function invalidUtf8(block: Uint8Array, firstLine: number): ScanTrouble {
  let count = 0;
  let first = firstLine;
  let line = firstLine;
  for (let at = 0; at < block.length; line++) {
    const newline = block.indexOf(NEWLINE, at);
    const end = newline < 0 ? block.length : newline;
    if (!isUtf8(block.subarray(at, end)) && count++ === 0) first = line;
    at = end + 1;
  }
  return { what: "lines are not valid UTF-8", count, line: first, unread: false };
}
