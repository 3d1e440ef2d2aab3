import { findFrames, type Frames, type LongFrame, longFrameAt } from "./frame.ts";

/** What Deno's TCP and unix connections have in common. */
export interface ByteConnection {
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  /** Says that no more comes; what was written still arrives. */
  closeWrite(): Promise<void>;
  close(): void;
}

/** Reads frames in the chunks in which they arrive. */
export interface FrameReader {
  /** Exactly so many raw bytes (for the greeting); undefined when the peer closed. */
  readExactly(count: number): Promise<Uint8Array | undefined>;
  /** At least one frame, all that are complete; undefined when the peer closed. */
  readFrames(): Promise<Frames | undefined>;
  /**
   * Changes the longest frame that is taken: little before the peer is known, more after. Of
   * messages' frames that are longer than `skipAbove`, if given, only the beginning is kept.
   */
  allow(maxLength: number, skipAbove?: number): void;
  /** When bytes last came, as `performance.now()` has it: a long frame may take its time. */
  readonly heard: number;
}

/** Buffers begin small, for a thousand idle peers, and grow with the peer's speed. */
const FIRST_CHUNK = 8 * 1024;
const LARGEST_CHUNK = 512 * 1024;
/** What is kept of a frame that is skipped: enough for its topic and its id. */
const BEGINNING = 4096;

/**
 * Frames stay in the buffers they were read to: nothing is copied but the piece
 * of a frame that lies across the end of a buffer. A buffer is filled by one read
 * after another, so that small messages that come one by one share it. Memory for a long frame
 * grows with what has arrived, not with what its header promises.
 */
export function createFrameReader(connection: ByteConnection, maxLength: number): FrameReader {
  let buffer: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  let start = 0, end = 0;
  let chunk = FIRST_CHUNK;
  let skipAbove: number | undefined;
  let heard = performance.now();
  const fill = async (needed: number): Promise<boolean> => {
    const kept = end - start;
    const room = buffer.length - end;
    // Less room than this at the end of a buffer is not worth a system call.
    const little = chunk >> 2;
    const completesLongFrame = needed > little && needed - kept <= room;
    if (room < little && !completesLongFrame) {
      const grown = new Uint8Array(Math.max(chunk, kept + little, Math.min(needed, kept * 2)));
      grown.set(buffer.subarray(start, end));
      [buffer, start, end] = [grown, 0, kept];
    }
    const count = await connection.read(buffer.subarray(end));
    if (count === null) return false;
    heard = performance.now();
    end += count;
    if (end === buffer.length && chunk < LARGEST_CHUNK) chunk *= 2;
    return true;
  };
  /** Reads past a long frame; what was handed out of the buffer stays as it is. */
  const skip = async ({ flags, start: from, length }: LongFrame): Promise<Frames | undefined> => {
    const beginning = new Uint8Array(Math.min(length, BEGINNING));
    let seen = 0;
    const see = (bytes: Uint8Array) => {
      if (seen < beginning.length) beginning.set(bytes.subarray(0, beginning.length - seen), seen);
      seen += bytes.length;
    };
    start = Math.min(end, from + length);
    see(buffer.subarray(from, start));
    const scrap = seen < length ? new Uint8Array(LARGEST_CHUNK) : buffer;
    while (seen < length) {
      const count = await connection.read(scrap.subarray(0, length - seen));
      if (count === null) return undefined;
      heard = performance.now();
      see(scrap.subarray(0, count));
    }
    return { buffer: beginning, places: [flags, 0, beginning.length], cutFrom: length };
  };
  return {
    get heard() {
      return heard;
    },
    async readExactly(count) {
      while (end - start < count) if (!await fill(count)) return undefined;
      start += count;
      return buffer.subarray(start - count, start);
    },
    async readFrames() {
      const places: number[] = [];
      while (true) {
        const long = skipAbove && longFrameAt(buffer, start, end, skipAbove);
        if (long) return await skip(long);
        const { rest, needed } = findFrames(buffer, start, end, maxLength, places);
        start = rest;
        if (places.length > 0) return { buffer, places };
        if (!await fill(Math.max(needed, end - start + 1))) return undefined;
      }
    },
    allow(length, above) {
      [maxLength, skipAbove] = [Math.min(length, above ?? length), above];
    },
  };
}
