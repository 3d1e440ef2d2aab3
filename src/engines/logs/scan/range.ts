/** Reading a stretch of a plain file, block by block, into memory that stays where it is. */
import type { Block, BlockLimits } from "../read/blocks.ts";

const NEWLINE = 0x0a;
const UTF8_MARK = [0xef, 0xbb, 0xbf] as const;

/** A stretch of a file: the lines that start at `start` or after, and before `end`; bytes. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Gives a buffer of so many bytes, the same place again with its contents if asked for a larger one. */
export type Room = (bytes: number) => Uint8Array;

/**
 * Reads the lines of a range in blocks of whole lines. The next block overwrites
 * the last. Reads synchronously: the page cache is faster than a change of thread.
 */
export function* readRange(
  file: Pick<Deno.FsFile, "seekSync" | "readSync">,
  range: ByteRange,
  room: Room,
  limits: BlockLimits,
): Generator<Block> {
  // The byte before tells whether a line starts where the range does.
  let offset = Math.max(0, range.start - 1);
  let discarding = range.start > 0;
  let skipped = 0;
  let length = 0;
  let buffer = room(limits.blockBytes);
  file.seekSync(offset, Deno.SeekMode.Start);
  for (let n = file.readSync(buffer); n; n = file.readSync(buffer.subarray(length))) {
    let fresh = length;
    length += n;
    let from = offset === 0 && fresh === 0 && hasMark(buffer, length) ? UTF8_MARK.length : 0;
    if (discarding) {
      const newline = buffer.subarray(0, length).indexOf(NEWLINE);
      if (newline >= 0) {
        discarding = false;
        from = newline + 1;
      }
      if (offset + (newline < 0 ? length : from) >= range.end) {
        length = 0;
        break;
      }
      if (newline < 0) {
        offset += length;
        length = 0;
        continue;
      }
      fresh = from;
    }
    const { stop, done } = blockEnd(buffer, Math.max(from, fresh), length, range.end - offset);
    if (stop > from) {
      yield {
        bytes: buffer.subarray(from, stop),
        skipped,
        unterminated: false,
        end: offset + stop,
      };
      skipped = 0;
      from = stop;
    }
    if (done) return;
    buffer.copyWithin(0, from, length);
    offset += from;
    length -= from;
    if (length < buffer.length) continue;
    if (length >= limits.maxLineBytes) {
      skipped++;
      discarding = true;
      offset += length;
      length = 0;
    } else {
      buffer = room(Math.min(buffer.length * 2, limits.maxLineBytes));
    }
  }
  const bytes = buffer.subarray(0, discarding ? 0 : length);
  if (bytes.length > 0 || skipped > 0) {
    yield { bytes, skipped, unterminated: discarding || bytes.length > 0, end: offset + length };
  }
}

function hasMark(buffer: Uint8Array, length: number): boolean {
  return length >= UTF8_MARK.length && UTF8_MARK.every((byte, i) => buffer[i] === byte);
}

/**
 * Where the whole lines in buffer[…length) end, no newline standing before `from`, 0
 * if there are none; `done` if that is behind the last line that starts before `limit`.
 */
function blockEnd(
  buffer: Uint8Array,
  from: number,
  length: number,
  limit: number,
): { readonly stop: number; readonly done: boolean } {
  if (length >= limit) {
    const first = Math.max(from, limit - 1);
    const newline = buffer.subarray(first, length).indexOf(NEWLINE);
    if (newline >= 0) return { stop: first + newline + 1, done: true };
  }
  const newline = buffer.subarray(from, length).lastIndexOf(NEWLINE);
  return { stop: newline < 0 ? 0 : from + newline + 1, done: false };
}
