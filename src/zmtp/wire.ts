import { findFrames, type Frames } from "./frame.ts";

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
  /** Changes the longest frame that is taken: little before the peer is known, more after. */
  allow(maxLength: number): void;
}

/** Buffers begin small, for a thousand idle peers, and grow with the peer's speed. */
const FIRST_CHUNK = 8 * 1024;
const LARGEST_CHUNK = 512 * 1024;

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
    end += count;
    if (end === buffer.length && chunk < LARGEST_CHUNK) chunk *= 2;
    return true;
  };
  return {
    async readExactly(count) {
      while (end - start < count) if (!await fill(count)) return undefined;
      start += count;
      return buffer.subarray(start - count, start);
    },
    async readFrames() {
      const places: number[] = [];
      while (true) {
        const { rest, needed } = findFrames(buffer, start, end, maxLength, places);
        start = rest;
        if (places.length > 0) return { buffer, places };
        if (!await fill(Math.max(needed, end - start + 1))) return undefined;
      }
    },
    allow(length) {
      maxLength = length;
    },
  };
}
