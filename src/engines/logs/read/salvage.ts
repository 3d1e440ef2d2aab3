/**
 * What stood before a damage. Decoders fail for a step as a whole and keep what they had
 * made of it, so the stream is decoded once more, the step in question byte by byte.
 */
import type { SyncDecoder } from "./sync_zlib.ts";

/** Bytes in, bytes out; fails where the bytes are damaged. */
export type Decode = (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

/** Gives the same bytes anew, undefined where they can't be had. */
export type Again = () => AsyncIterable<Uint8Array> | undefined;

/** A stream that is decoded; fails at a damage after all that stood before it. */
export interface Decoding {
  /** Resolves to the number of bytes, 0 at the end. */
  read(into: Uint8Array): Promise<number>;
  close(): void;
}

/** Decodes into the reader's own memory. `isDamage` tells failures of the decoder from others. */
export function decodeDirectly(
  createDecoder: () => SyncDecoder,
  chunks: AsyncIterable<Uint8Array>,
  again: Again,
  isDamage: (error: unknown) => boolean,
): Decoding {
  const decoder = createDecoder();
  const source = chunks[Symbol.asyncIterator]();
  let input: Uint8Array = new Uint8Array(0);
  /** The decoder may have more to give without further input. */
  let full = false;
  let taken = 0;
  let given = 0;
  let salvaging: Decoding | undefined;

  async function next(into: Uint8Array): Promise<number> {
    while (true) {
      if (input.length === 0 && !full) {
        const { value, done } = await source.next();
        if (done) {
          decoder.end();
          return 0;
        }
        input = value;
      }
      const step = decoder.decode(input, into);
      if (input.length > 0 && step.taken === 0 && step.given === 0) throw new Error(STUCK);
      input = input.subarray(step.taken);
      full = step.given === into.length;
      taken += step.taken;
      given += step.given;
      if (step.given > 0) return step.given;
    }
  }

  /** The same bytes anew, from where this decoding failed. */
  async function salvage(): Promise<Decoding | undefined> {
    const bytes = again();
    if (bytes === undefined) return undefined;
    const decoding = decodeDirectly(createDecoder, finely(bytes, taken), () => undefined, isDamage);
    const scratch = new Uint8Array(SCRATCH);
    for (let left = given; left > 0;) left -= await decoding.read(scratch.subarray(0, left));
    return decoding;
  }

  return {
    async read(into) {
      if (salvaging !== undefined) return await salvaging.read(into);
      try {
        return await next(into);
      } catch (error) {
        if (isDamage(error)) salvaging = await salvage();
        if (salvaging === undefined) throw error;
        return await salvaging.read(into);
      }
    },
    close() {
      source.return?.(undefined).catch(() => {});
      salvaging?.close();
      decoder.close();
    },
  };
}

const SCRATCH = 1 << 16;
const STUCK = "decoding does not go on";

/** Decodes by a decoder that gives its bytes in parts of its own. */
export function decodeInParts(
  decode: Decode,
  chunks: AsyncIterable<Uint8Array>,
  again: Again,
  isDamage: (error: unknown) => boolean,
): Decoding {
  const parts = withSalvage(decode, chunks, again, isDamage);
  let rest: Uint8Array = new Uint8Array(0);
  return {
    async read(into) {
      while (rest.length === 0) {
        const { value, done } = await parts.next();
        if (done) return 0;
        rest = value;
      }
      const taken = rest.subarray(0, into.length);
      into.set(taken);
      rest = rest.subarray(taken.length);
      return taken.length;
    },
    close: () => void parts.return(undefined).catch(() => {}),
  };
}

async function* withSalvage(
  decode: Decode,
  chunks: AsyncIterable<Uint8Array>,
  again: Again,
  isDamage: (error: unknown) => boolean,
): AsyncGenerator<Uint8Array> {
  let given = 0;
  // A failure may be told when the next chunk is asked for, so the last two are in question.
  let sound = 0;
  let last = 0;
  async function* counted() {
    for await (const chunk of chunks) {
      yield chunk;
      sound += last;
      last = chunk.length;
    }
  }
  try {
    for await (const part of decode(counted())) {
      given += part.length;
      yield part;
    }
  } catch (error) {
    const source = isDamage(error) ? again() : undefined;
    if (source !== undefined) yield* lastBytes(decode(finely(source, sound)), given);
    throw error;
  }
}

/** What comes after the bytes that were given already, up to the failure. */
async function* lastBytes(
  parts: AsyncIterable<Uint8Array>,
  given: number,
): AsyncGenerator<Uint8Array> {
  let skip = given;
  try {
    for await (const part of parts) {
      const skipped = Math.min(skip, part.length);
      skip -= skipped;
      if (skipped < part.length) yield part.subarray(skipped);
    }
  } catch { /* the failure that is known */ }
}

/** The chunks as they are up to an offset, byte by byte from there. */
async function* finely(
  chunks: AsyncIterable<Uint8Array>,
  offset: number,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of chunks) {
    const whole = Math.max(0, Math.min(offset - at, chunk.length));
    if (whole > 0) yield chunk.subarray(0, whole);
    for (let byte = whole; byte < chunk.length; byte++) yield chunk.subarray(byte, byte + 1);
    at += chunk.length;
  }
}
