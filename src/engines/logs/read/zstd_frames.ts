/**
 * Finds the frames of a zstd stream (RFC 8878, section 3.1) without decoding
 * them: decoders stop after the first, and don't say when the last is cut short.
 */

/** Bytes of a frame; `end` says that the frame ends with them. */
export interface FramePart {
  readonly bytes: Uint8Array;
  readonly end: boolean;
}

/**
 * Cuts a stream of chunks at the ends of its frames; skippable frames are left
 * out. Returns whether the stream ends inside a frame.
 */
export async function* zstdFrames(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<FramePart, boolean> {
  const walker = createFrameWalker();
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      const { opened, from, next, end, skippable } = walker.walk(chunk, at);
      // Until its four bytes are whole, a magic number may be that of a skippable frame.
      if (opened && !skippable) yield { bytes: MAGIC_BYTES, end: false };
      if (from < next && !skippable) yield { bytes: chunk.subarray(from, next), end };
      at = next;
    }
  }
  return walker.inside;
}

interface FrameWalker {
  /** Goes on to the end of the frame or of the chunk. */
  walk(chunk: Uint8Array, at: number): Walked;
  /** A frame has begun and not ended. */
  readonly inside: boolean;
}

interface Walked {
  /** The frame's magic number has become whole. */
  readonly opened: boolean;
  /** Where what comes after the magic number begins and ends. */
  readonly from: number;
  readonly next: number;
  /** The frame ends there. */
  readonly end: boolean;
  readonly skippable: boolean;
}

/** What the next bytes are, how many of them there are, and what comes after. */
interface Step {
  readonly length: number;
  /** Given the bytes if they are at most eight, none if they are just passed; undefined ends the frame. */
  readonly then: (bytes: readonly number[]) => Step | undefined;
}

const MAGIC = 0xfd2fb528;
const MAGIC_BYTES = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd);
const SKIPPABLE = 0x184d2a50;

function createFrameWalker(): FrameWalker {
  let step: Step | undefined;
  let left = 0;
  let seen: number[] = [];
  let skippable = false;

  const magic: Step = {
    length: 4,
    then(bytes) {
      const number = littleEndian(bytes);
      skippable = (number & 0xfffffff0) >>> 0 === SKIPPABLE;
      if (skippable) {
        return {
          length: 4,
          then: (size) => pass(littleEndian(size), () => undefined),
        };
      }
      if (number !== MAGIC) throw new Error("no zstd frame where one should begin");
      return { length: 1, then: ([descriptor]) => frameHeader(descriptor!) };
    },
  };

  return {
    walk(chunk, at) {
      if (step === undefined) {
        skippable = false;
        step = magic;
        left = step.length;
      }
      let opened = false, from = at;
      while (at < chunk.length) {
        const wasMagic = step === magic;
        const taken = Math.min(left, chunk.length - at);
        if (step.length <= 8) seen.push(...chunk.subarray(at, at + taken));
        at += taken;
        left -= taken;
        if (wasMagic) {
          opened = left === 0;
          from = at;
        }
        while (left === 0) {
          step = step.then(seen);
          seen = [];
          if (step === undefined) return { opened, from, next: at, end: true, skippable };
          left = step.length;
        }
      }
      return { opened, from, next: at, end: false, skippable };
    },
    get inside() {
      return step !== undefined;
    },
  };
}

/** Section 3.1.1.1: how long the rest of the header is, and whether a checksum ends the frame. */
function frameHeader(descriptor: number): Step | undefined {
  const single = (descriptor & 0x20) !== 0;
  const contentSize = [single ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const dictionary = [0, 1, 2, 4][descriptor & 3]!;
  const checksum = (descriptor & 4) !== 0 ? 4 : 0;
  return pass((single ? 0 : 1) + dictionary + contentSize, () => block(checksum));
}

/** Section 3.1.1.2: three bytes say whether a block is the last, its type and its size. */
function block(checksum: number): Step {
  return {
    length: 3,
    then(bytes) {
      const header = littleEndian(bytes);
      const size = ((header >> 1) & 3) === 1 ? 1 : header >> 3;
      const last = (header & 1) === 1;
      return pass(size, () => last ? pass(checksum, () => undefined) : block(checksum));
    },
  };
}

function pass(length: number, then: () => Step | undefined): Step | undefined {
  return length === 0 ? then() : { length, then };
}

function littleEndian(bytes: readonly number[]): number {
  return bytes.reduceRight((number, byte) => number * 256 + byte, 0);
}
