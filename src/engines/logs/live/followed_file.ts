import { createEventReader, type EventReader } from "../events/event_reader.ts";
import { type Block, type BlockLimits, readBlocks } from "../read/blocks.ts";
import { type ByteStream, openByteStream } from "../read/byte_stream.ts";
import { type BlockScanner, createBlockScanner } from "../scan/inline.ts";
import type { Match } from "../../engine.ts";
import type { Candidate, CreateFinder, LineFormat, Needles, ScanTrouble } from "../scan/finder.ts";
import { sniff } from "../sources/sniff.ts";
import { identityOf } from "../read/identity.ts";
import type { Frontier } from "./frontier.ts";
import { fingerprint, FINGERPRINT_BYTES, isSameContent, type Position } from "./positions.ts";

/** What following is made of. */
export interface FollowParts {
  readonly needles: Needles;
  readonly createFinder: CreateFinder;
  readonly limits: BlockLimits;
  readonly frontier: Frontier;
  /** Matches new lines: in the turn in which they were looked through, so that the same set counts. */
  readonly credit: (found: FoundLines) => readonly Match[];
  readonly signal: AbortSignal;
}

/** What was found in new lines. */
export interface FoundLines {
  readonly path: string;
  readonly reader: EventReader;
  /** Line numbers are known (the file was read from its start). */
  readonly numbered: boolean;
  readonly candidates: readonly Candidate[];
  readonly troubles: readonly ScanTrouble[];
}

/** A stretch of new lines, and the position that holds once its matches were taken. */
export interface NewLines {
  readonly lines: number;
  readonly bytes: number;
  readonly matches: readonly Match[];
  readonly position: Position;
}

/** What shows that a file was written to. */
export interface FileState {
  readonly size: number;
  /** When it was last written, ms since the epoch, if the platform tells. */
  readonly modified: number | undefined;
}

/** Whether nothing was written to a file between two looks at it. */
export function isSameState(a: FileState, b: FileState): boolean {
  return a.size === b.size && a.modified === b.modified;
}

/** A file that is read as it grows. */
export interface FollowedFile {
  /** Changes when the file is renamed. */
  path: string;
  readonly position: Position;
  /** When something was last read, for closing idle files. */
  readonly lastRead: number;
  /** The file as it was last looked at. */
  readonly last: FileState;
  /**
   * Whole lines that were added since the last call. A file that was emptied or
   * rewritten is `replaced` with what it held; then it is read from its start.
   */
  read(replaced: (before: Position) => AsyncIterable<NewLines>): AsyncIterable<NewLines>;
  /** Lets go of the file; the next `read` opens it again. */
  release(): void;
}

const HEAD_BYTES = 64 * 1024;

/** Follows a plain file from a position on. */
export function followFile(start: Position, parts: FollowParts): FollowedFile {
  let position = start;
  let path = start.path;
  let file: Deno.FsFile | undefined;
  let lines: LineReader | undefined;
  /** Size at which the content was found to be no log; it is looked at again while it is short. */
  let foreignAt: number | undefined;
  let last: FileState = { size: -1, modified: undefined };
  let lastRead = Date.now();

  /** Takes up the file's beginning; false if it isn't the file that was read before. */
  async function isUnchanged(opened: Deno.FsFile, size: number): Promise<boolean> {
    if (size < position.offset) return false;
    const head = await readAt(opened, 0, FINGERPRINT_BYTES);
    if (position.fingerprintBytes > 0 && !isSameContent(position, head)) return false;
    if (head.length > position.fingerprintBytes) {
      position = { ...position, fingerprint: fingerprint(head), fingerprintBytes: head.length };
    }
    return true;
  }

  async function openLines(opened: Deno.FsFile, size: number): Promise<LineReader | undefined> {
    if (size === foreignAt || (foreignAt ?? 0) >= HEAD_BYTES) return undefined;
    const head = await readAt(opened, 0, HEAD_BYTES);
    // The first line may still be under way.
    const seen = head.length < HEAD_BYTES ? head.subarray(0, head.lastIndexOf(10) + 1) : head;
    const sniffed = sniff(seen, false);
    if (sniffed.type === "log") {
      return await createLineReader(sniffed.format, opened, position, parts);
    }
    if (sniffed.type === "foreign") foreignAt = size;
    return undefined;
  }

  return {
    get path() {
      return path;
    },
    set path(now) {
      path = now;
      position = { ...position, path: now };
    },
    get position() {
      return position;
    },
    get lastRead() {
      return lastRead;
    },
    get last() {
      return last;
    },
    async *read(replaced) {
      file ??= await openAs(position.identity, path);
      const info = await file.stat();
      const now = { size: info.size, modified: info.mtime?.getTime() };
      if (isSameState(now, last)) return;
      if (!await isUnchanged(file, info.size)) {
        const before = position;
        position = { identity: before.identity, path, ...AT_START };
        lines = foreignAt = undefined;
        yield* replaced(before);
        parts.frontier.begin(position);
        await isUnchanged(file, info.size);
      }
      lines ??= await openLines(file, info.size);
      if (lines !== undefined && info.size > position.offset) {
        for await (const found of lines.readOn(file, position)) {
          position = found.position;
          lastRead = Date.now();
          yield found;
        }
      }
      last = now;
    },
    release() {
      file?.close();
      file = undefined;
    },
  };
}

/**
 * Opens a file by its name, if it is the one that was met there.
 *
 * @throws Deno.errors.NotFound when it was renamed meanwhile, whatever has its name now
 */
async function openAs(identity: string, path: string): Promise<Deno.FsFile> {
  const file = await Deno.open(path);
  if (identityOf(await file.stat(), path) === identity) return file;
  file.close();
  throw new Deno.errors.NotFound("Another file has its name");
}

/** A position at the start of a file of which nothing is known. */
export const AT_START = { offset: 0, line: 0, fingerprint: "", fingerprintBytes: 0 } as const;

/**
 * Reads what a file (perhaps compressed) holds after a position, to its end: a
 * rotated file that was not read to the end before it was copied or packed.
 * `damaged` is told if it is cut short.
 */
export async function* readRest(
  { path, identity }: Pick<Position, "path" | "identity">,
  from: Position,
  parts: FollowParts,
  damaged: (what: string) => void = () => {},
): AsyncGenerator<NewLines> {
  const stream = await openByteStream(path, parts.signal, { identity });
  try {
    yield* readStream(stream, from, parts);
    if (stream.damage !== undefined) damaged(stream.damage);
  } finally {
    stream.close();
  }
}

async function* readStream(
  stream: ByteStream,
  from: Position,
  parts: FollowParts,
): AsyncGenerator<NewLines> {
  let lines: LineReader | undefined;
  let passed = 0;
  for await (const block of readBlocks(stream, parts.limits)) {
    if (lines === undefined) {
      const sniffed = sniff(block.bytes.subarray(0, HEAD_BYTES), false);
      if (sniffed.type !== "log") return;
      lines = newLineReader(sniffed.format, parts);
    }
    const start = block.end - block.bytes.length;
    const known = Math.max(0, Math.min(from.offset - start, block.bytes.length));
    passed += lines.pass(block.bytes.subarray(0, known));
    if (known === block.bytes.length) continue;
    const fresh = { ...block, bytes: block.bytes.subarray(known) };
    // A line without its end may be cut: it counts as read only when the file is done with.
    const offset = block.unterminated ? block.end - block.bytes.length : block.end;
    const found = lines.take(fresh, { ...from, line: passed }, offset);
    passed += found.lines;
    yield found;
  }
}

/** The state of reading lines: format, header, line numbers. */
interface LineReader {
  /** Takes note of headers in lines that are not to be matched; returns how many lines there were. */
  pass(lines: Uint8Array): number;
  /** Matches a block behind a position; after it `offset` bytes are done with. */
  take(block: Block, position: Position, offset: number): NewLines;
  readOn(file: Deno.FsFile, from: Position): AsyncGenerator<NewLines>;
}

function newLineReader(format: LineFormat, parts: FollowParts): LineReader {
  const reader = createEventReader(format);
  let scanner: BlockScanner | undefined;
  function take(block: Block, { line, ...before }: Position, offset: number): NewLines {
    scanner ??= createBlockScanner(
      format,
      parts.needles,
      parts.createFinder,
      (line ?? 0) + 1,
      parts.limits,
    );
    const { lines, ...found } = scanner.scan(block);
    const numbered = line !== undefined;
    const matches = parts.credit({ ...found, path: before.path, reader, numbered });
    const position = { ...before, offset, ...(numbered ? { line: line + lines } : {}) };
    parts.frontier.pass(position);
    return { lines, bytes: block.bytes.length, matches, position };
  }

  return {
    take,
    pass(lines) {
      if (format.type === "json") return countLines(lines);
      return passHeaders(lines, reader);
    },
    async *readOn(file, from) {
      let position = from;
      for await (const block of readBlocks(fileFrom(file, from.offset), parts.limits)) {
        parts.signal.throwIfAborted();
        // A line without its end is left for later.
        if (block.unterminated) return;
        const found = take(block, position, from.offset + block.end);
        position = found.position;
        yield found;
      }
    },
  };
}

async function createLineReader(
  format: LineFormat,
  file: Deno.FsFile,
  position: Position,
  parts: FollowParts,
): Promise<LineReader> {
  const lines = newLineReader(format, parts);
  if (format.type === "json" || position.offset === 0) return lines;
  // What the rows mean stands before them.
  for await (const block of readBlocks(fileFrom(file, 0, position.offset), parts.limits)) {
    lines.pass(block.bytes);
  }
  return lines;
}

const NEWLINE = 10, HASH = 35;

function passHeaders(lines: Uint8Array, reader: EventReader): number {
  let count = 0;
  for (let at = 0; at < lines.length; count++) {
    const newline = lines.indexOf(NEWLINE, at);
    const end = newline < 0 ? lines.length : newline;
    if (lines[at] === HASH) reader.read(lines.subarray(at, end));
    at = end + 1;
  }
  return count;
}

function countLines(lines: Uint8Array): number {
  let count = 0;
  for (let at = lines.indexOf(NEWLINE); at >= 0; at = lines.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

/** The bytes of a file from an offset to its end (or to `to`). */
function fileFrom(file: Deno.FsFile, from: number, to = Infinity): Pick<ByteStream, "read"> {
  let at = from;
  return {
    async read(into) {
      if (at >= to) return 0;
      await file.seek(at, Deno.SeekMode.Start);
      const n = await file.read(into.subarray(0, Math.min(into.length, to - at))) ?? 0;
      at += n;
      return n;
    },
  };
}

async function readAt(file: Deno.FsFile, at: number, most: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(most);
  const stream = fileFrom(file, at);
  let length = 0;
  while (length < most) {
    const n = await stream.read(bytes.subarray(length));
    if (n === 0) break;
    length += n;
  }
  return bytes.subarray(0, length);
}
