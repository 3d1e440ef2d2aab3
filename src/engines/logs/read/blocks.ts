import type { ByteStream } from "./byte_stream.ts";

/** A stretch of whole lines. */
export interface Block {
  /** Valid until the next block is asked for. */
  readonly bytes: Uint8Array;
  /** Lines longer than the limit that stood before this block and were skipped. */
  readonly skipped: number;
  /** The stream ends inside a line: the one in this block, or one that was skipped. */
  readonly unterminated: boolean;
  /** Bytes of the stream up to the end of this block. */
  readonly end: number;
}

/** Bounds of the reader's memory. */
export interface BlockLimits {
  /** Size of the buffer, bytes; it grows only when a line doesn't fit. */
  readonly blockBytes: number;
  /** Longer lines are skipped and counted, bytes. */
  readonly maxLineBytes: number;
}

export const DEFAULT_LIMITS: BlockLimits = { blockBytes: 1 << 20, maxLineBytes: 16 << 20 };

const NEWLINE = 0x0a;
const UTF8_MARK = [0xef, 0xbb, 0xbf] as const;

/** Cuts a stream into blocks of whole lines; memory is bounded by the limits. */
export async function* readBlocks(
  stream: Pick<ByteStream, "read">,
  limits: BlockLimits = DEFAULT_LIMITS,
): AsyncGenerator<Block> {
  let buffer = new Uint8Array(limits.blockBytes);
  let length = 0;
  let skipped = 0;
  let skipping = false;
  let start = true;
  let read = 0;
  while (true) {
    const n = await stream.read(buffer.subarray(length));
    if (n === 0) break;
    read += n;
    let from = 0;
    const fresh = length;
    length += n;
    if (start && length >= UTF8_MARK.length) {
      start = false;
      if (UTF8_MARK.every((byte, i) => buffer[i] === byte)) from = UTF8_MARK.length;
    }
    if (skipping) {
      const newline = indexOfNewline(buffer, 0, length);
      if (newline < 0) {
        length = 0;
        continue;
      }
      skipping = false;
      from = newline + 1;
    }
    const unseen = Math.max(fresh, from);
    const last = unseen + buffer.subarray(unseen, length).lastIndexOf(NEWLINE);
    if (last >= unseen) {
      start = false;
      const bytes = buffer.subarray(from, last + 1);
      from = last + 1;
      yield { bytes, skipped, unterminated: false, end: read - (length - from) };
      skipped = 0;
    }
    buffer.copyWithin(0, from, length);
    length -= from;
    if (length < buffer.length) continue;
    if (length >= limits.maxLineBytes) {
      skipping = true;
      skipped++;
      length = 0;
      buffer = new Uint8Array(limits.blockBytes);
    } else {
      buffer = enlarged(buffer, limits.maxLineBytes);
    }
  }
  const bytes = buffer.subarray(0, skipping ? 0 : length);
  if (bytes.length > 0 || skipped > 0) yield { bytes, skipped, unterminated: true, end: read };
}

function indexOfNewline(buffer: Uint8Array, from: number, to: number): number {
  const at = buffer.subarray(from, to).indexOf(NEWLINE);
  return at < 0 ? -1 : at + from;
}

function enlarged(buffer: Uint8Array<ArrayBuffer>, most: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(buffer.length * 2, most));
  larger.set(buffer);
  return larger;
}
