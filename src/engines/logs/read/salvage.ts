/** Bytes in, bytes out; fails where the bytes are damaged. */
export type Decode = (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

/**
 * Decodes and, when that fails, gives all that stood before the damage. Decoders
 * fail for a chunk as a whole and keep what they had made of it, so the stream is
 * decoded once more, from `again`, the chunk in question byte by byte.
 *
 * `again` gives the same bytes anew, undefined where they can't be had; `isDamage`
 * tells failures that may have taken output with them from those that are only passed on.
 */
export async function* salvage(
  decode: Decode,
  chunks: AsyncIterable<Uint8Array>,
  again: () => AsyncIterable<Uint8Array> | undefined,
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
