import { type Again, decodeDirectly, decodeInParts, type Decoding } from "./salvage.ts";
import { createGunzip, createUnzstd, hasZstd } from "./sync_zlib.ts";
import { type FramePart, zstdFrames } from "./zstd_frames.ts";

/** What decompression adds to a stream of chunks. */
export interface Unpacked {
  read(into: Uint8Array): Promise<number>;
  readonly damage: string | undefined;
  close(): void;
}

/**
 * Decompresses chunks as they are pulled. A stream that is cut short or damaged
 * gives all that could be decoded, then ends with `damage` set; failures of the
 * source itself (an abort, an I/O error) are thrown. `again` gives the chunks anew
 * if it can: the last bytes before a damage need them.
 */
export function decompress(
  compression: "gzip" | "zstd",
  chunks: AsyncIterable<Uint8Array>,
  again: Again = () => undefined,
): Unpacked {
  const decoding = decodingOf(compression, sourceErrors(chunks), again);
  let damage: string | undefined;
  let begun = false;
  return {
    async read(into) {
      if (damage !== undefined) return 0;
      try {
        const n = await decoding.read(into);
        begun ||= n > 0;
        return n;
      } catch (error) {
        damage = describe(error, compression, begun);
        return 0;
      }
    },
    get damage() {
      return damage;
    },
    close: decoding.close,
  };
}

function decodingOf(
  compression: "gzip" | "zstd",
  chunks: AsyncIterable<Uint8Array>,
  again: Again,
): Decoding {
  const isDamage = (error: unknown) => !(error instanceof SourceError) && !endsEarly(error);
  if (compression === "gzip") return decodeDirectly(createGunzip, chunks, again, isDamage);
  if (!hasZstd) return decodeInParts(unzstd, chunks, again, isDamage);
  const framesAgain = () => {
    const source = again();
    return source && wholeFrames(source);
  };
  return decodeDirectly(createUnzstd, wholeFrames(chunks), framesAgain, isDamage);
}

/** The frames of a zstd stream; fails if the last one is cut short. */
async function* wholeFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const parts = zstdFrames(chunks);
  let part = await parts.next();
  for (; !part.done; part = await parts.next()) yield part.value.bytes;
  if (part.value) throw new Error(CUT_SHORT);
}

/** Decodes zstd by a decoder in JavaScript. */
async function* unzstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { decodeFrame } = await import("./zstd_decoder.ts");
  const parts = zstdFrames(chunks);
  let cut = false;
  while (!cut) {
    const first = await parts.next();
    if (first.done) return;
    yield* decodeFrame(oneFrame(first.value, parts, () => cut = true), () => cut);
  }
  throw new Error(CUT_SHORT);
}

const CUT_SHORT = "unexpected end of stream";

async function* oneFrame(
  first: FramePart,
  parts: AsyncGenerator<FramePart, boolean>,
  cutShort: () => void,
): AsyncGenerator<Uint8Array> {
  yield first.bytes;
  for (let { end } = first; !end;) {
    const next = await parts.next();
    // The decoder gives all that it has got; that it is not all comes out afterwards.
    if (next.done) return cutShort();
    yield next.value.bytes;
    end = next.value.end;
  }
}

async function* sourceErrors(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    throw new SourceError(error);
  }
}

/** The source failed, not the decoding. */
class SourceError extends Error {
  constructor(override readonly cause: unknown) {
    super("source failed");
  }
}

function describe(error: unknown, compression: string, begun: boolean): string {
  if (error instanceof SourceError) throw error.cause;
  if (endsEarly(error)) return `${compression} stream ends early`;
  const text = messageOf(error);
  if (begun && /incorrect header check|no zstd frame/.test(text)) {
    return `something else follows the ${compression} stream`;
  }
  return `${compression} stream is damaged (${text})`;
}

/** All that there was is decoded; there should have been more. */
function endsEarly(error: unknown): boolean {
  return /unexpected e(nd|of)|incomplete/i.test(messageOf(error));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
