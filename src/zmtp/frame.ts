import { ZmtpError } from "./error.ts";

/** Frames of ZMTP 3.x (RFC 23, section "Framing"): a flag byte, a length of 1 or 8 bytes, the body. */

const MORE = 0x01;
const LONG = 0x02;
const COMMAND = 0x04;

/** One frame; `body` is a view into the read buffer and stays valid for good. */
export interface Frame {
  readonly command: boolean;
  /** Another frame of the same message follows. */
  readonly more: boolean;
  readonly body: Uint8Array;
}

/** Longest header of a frame. */
export const MAX_HEADER = 9;

/** Writes the header of a frame into `into` at `at`; returns the offset behind it. */
export function writeHeader(
  into: Uint8Array,
  at: number,
  length: number,
  flags: { readonly more?: boolean; readonly command?: boolean },
): number {
  const bits = (flags.more === true ? MORE : 0) | (flags.command === true ? COMMAND : 0);
  if (length <= 255) {
    into[at] = bits;
    into[at + 1] = length;
    return at + 2;
  }
  into[at] = bits | LONG;
  const view = new DataView(into.buffer, into.byteOffset + at + 1, 8);
  view.setUint32(0, Math.floor(length / 2 ** 32));
  view.setUint32(4, length >>> 0);
  return at + 9;
}

/** One frame as bytes of its own. */
export function encodeFrame(
  body: Uint8Array,
  flags: { readonly more?: boolean; readonly command?: boolean } = {},
): Uint8Array {
  const frame = new Uint8Array(MAX_HEADER + body.length);
  const at = writeHeader(frame, 0, body.length, flags);
  frame.set(body, at);
  return frame.subarray(0, at + body.length);
}

/** Where a frame in a buffer begins and ends, without cutting it out. */
interface Header {
  readonly flags: number;
  readonly start: number;
  readonly length: number;
}

/**
 * Cuts frames out of a buffer from `at`; stops before the first that is not
 * complete. `needed` is how many bytes from `rest` on the next frame takes, as far as is known.
 *
 * @throws ZmtpError on reserved flags, a command with MORE, or a length over the bound
 */
export function decodeFrames(
  buffer: Uint8Array,
  at: number,
  end: number,
  maxLength: number,
  out: Frame[],
): { readonly rest: number; readonly needed: number } {
  let rest = at;
  while (true) {
    let header: Header | undefined;
    try {
      header = readHeader(buffer, rest, end, maxLength);
    } catch (error) {
      // What came before counts; and by the next call the bound may be another.
      if (out.length > 0) return { rest, needed: MAX_HEADER };
      throw error;
    }
    if (header === undefined) return { rest, needed: MAX_HEADER };
    const stop = header.start + header.length;
    if (stop > end) return { rest, needed: stop - rest };
    out.push({
      command: (header.flags & COMMAND) !== 0,
      more: (header.flags & MORE) !== 0,
      body: buffer.subarray(header.start, stop),
    });
    rest = stop;
  }
}

function readHeader(
  buffer: Uint8Array,
  at: number,
  end: number,
  maxLength: number,
): Header | undefined {
  if (at >= end) return undefined;
  const flags = buffer[at]!;
  if ((flags & ~(MORE | LONG | COMMAND)) !== 0) {
    throw new ZmtpError(`Not a frame: reserved flags in ${hex(flags)}`);
  }
  if ((flags & COMMAND) !== 0 && (flags & MORE) !== 0) {
    throw new ZmtpError("Not a frame: a command with the MORE flag");
  }
  const long = (flags & LONG) !== 0;
  const start = at + (long ? 9 : 2);
  if (start > end) return undefined;
  const length = long ? readLength(buffer, at + 1) : buffer[at + 1]!;
  if (length > maxLength) {
    throw new ZmtpError(`A frame of ${length} bytes is longer than the ${maxLength} allowed`);
  }
  return { flags, start, length };
}

function readLength(buffer: Uint8Array, at: number): number {
  const view = new DataView(buffer.buffer, buffer.byteOffset + at, 8);
  // Past 2^53 the sum is inexact, but far over every bound.
  return view.getUint32(0) * 2 ** 32 + view.getUint32(4);
}

const hex = (byte: number) => `0x${byte.toString(16).padStart(2, "0")}`;
