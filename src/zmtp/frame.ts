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

/** Frames that came together, in the buffer that they were read to. */
export interface Frames {
  readonly buffer: Uint8Array;
  /** `PLACE` numbers for each: its flags, where its body begins, and where it ends. */
  readonly places: readonly number[];
  /** It is one frame of a message, and only its beginning is here: so long is all of it. */
  readonly cutFrom?: number;
}

/** Numbers for each frame in `Frames.places`. */
export const PLACE = 3;

/** Whether flags are those of a message that is one frame. */
export const isWholeMessage = (flags: number): boolean => (flags & ~LONG) === 0;

/** The frames as objects. */
export function* framesOf({ buffer, places }: Frames): Generator<Frame> {
  for (let at = 0; at < places.length; at += PLACE) yield frameAt({ buffer, places }, at);
}

/** The frame whose numbers begin at `at`. */
export function frameAt({ buffer, places }: Frames, at: number): Frame {
  const flags = places[at]!;
  return {
    command: (flags & COMMAND) !== 0,
    more: (flags & MORE) !== 0,
    body: buffer.subarray(places[at + 1]!, places[at + 2]!),
  };
}

/**
 * Finds frames in a buffer from `at` and puts their places behind those in `places`; stops before
 * the first that is not complete. `needed` is how many bytes from `rest` on the next frame takes,
 * as far as is known.
 *
 * @throws ZmtpError on reserved flags, a command with MORE, or a length over the bound
 */
export function findFrames(
  buffer: Uint8Array,
  at: number,
  end: number,
  maxLength: number,
  places: number[],
): { readonly rest: number; readonly needed: number } {
  for (let rest = at;;) {
    if (rest >= end) return { rest, needed: MAX_HEADER };
    const flags = buffer[rest]!;
    const start = rest + ((flags & LONG) !== 0 ? MAX_HEADER : 2);
    // Without a length it is none that could be too long.
    const length = start > end ? 0 : lengthAt(buffer, rest);
    if (!isKnown(flags) || length > maxLength) {
      // What came before counts; and by the next call the bound may be another.
      if (places.length > 0) return { rest, needed: MAX_HEADER };
      throw faultOf(flags, length, maxLength);
    }
    if (start > end) return { rest, needed: MAX_HEADER };
    const stop = start + length;
    if (stop > end) return { rest, needed: stop - rest };
    places.push(flags, start, stop);
    rest = stop;
  }
}

/** No reserved flags, and no command with MORE. */
function isKnown(flags: number): boolean {
  return (flags & ~(MORE | LONG | COMMAND)) === 0 &&
    (flags & (MORE | COMMAND)) !== (MORE | COMMAND);
}

/** Where the body of the frame begins whose header is at `at`, and how long it is. */
export interface LongFrame {
  readonly flags: number;
  readonly start: number;
  readonly length: number;
}

/** The frame whose header is at `at` if it is a message's, longer than `above`, and not absurdly so. */
export function longFrameAt(
  buffer: Uint8Array,
  at: number,
  end: number,
  above: number,
): LongFrame | undefined {
  if (at >= end) return undefined;
  const flags = buffer[at]!;
  const start = at + ((flags & LONG) !== 0 ? MAX_HEADER : 2);
  if (start > end || !isKnown(flags) || (flags & COMMAND) !== 0) return undefined;
  const length = lengthAt(buffer, at);
  return length > above && length <= MOST_SKIPPED ? { flags, start, length } : undefined;
}

/** Bytes of a frame beyond which it is no message but an error, and costs the connection. */
const MOST_SKIPPED = 2 ** 32;

function faultOf(flags: number, length: number, maxLength: number): ZmtpError {
  if (isKnown(flags)) {
    return new ZmtpError(`A frame of ${length} bytes is longer than the ${maxLength} allowed`);
  }
  return (flags & ~(MORE | LONG | COMMAND)) !== 0
    ? new ZmtpError(`Not a frame: reserved flags in ${hex(flags)}`)
    : new ZmtpError("Not a frame: a command with the MORE flag");
}

/** The length in a header; past 2^53 it is inexact, but far over every bound. */
function lengthAt(buffer: Uint8Array, header: number): number {
  if ((buffer[header]! & LONG) === 0) return buffer[header + 1]!;
  let length = 0;
  for (let at = header + 1; at < header + MAX_HEADER; at++) length = length * 256 + buffer[at]!;
  return length;
}

const hex = (byte: number) => `0x${byte.toString(16).padStart(2, "0")}`;
