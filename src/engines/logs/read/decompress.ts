import type { Transform } from "node:stream";
import * as zlib from "node:zlib";
import { salvage } from "./salvage.ts";
import { type FramePart, zstdFrames } from "./zstd_frames.ts";

/** What decompression adds to a stream of chunks. */
export interface Unpacked {
  read(into: Uint8Array): Promise<number>;
  readonly damage: string | undefined;
  close(): void;
}

const CHUNK = 1 << 18;

/**
 * Decompresses chunks as they are pulled. A stream that is cut short or damaged
 * gives all that could be decoded, then ends with `damage` set; failures of the
 * source itself (an abort, an I/O error) are thrown. `again` gives the chunks anew
 * if it can: the last bytes before a damage need them.
 */
export function decompress(
  compression: "gzip" | "zstd",
  chunks: AsyncIterable<Uint8Array>,
  again: () => AsyncIterable<Uint8Array> | undefined = () => undefined,
): Unpacked {
  const decode = compression === "gzip" ? gunzip : unzstd;
  const isDamage = (error: unknown) => !(error instanceof SourceError) && !endsEarly(error);
  const output = salvage(decode, sourceErrors(chunks), again, isDamage);
  const iterator = output[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  let damage: string | undefined;
  let begun = false;
  return {
    async read(into) {
      while (rest.length === 0) {
        if (damage !== undefined) return 0;
        try {
          const { value, done } = await iterator.next();
          if (done) return 0;
          rest = value;
          begun = true;
        } catch (error) {
          damage = describe(error, compression, begun);
        }
      }
      const taken = rest.subarray(0, into.length);
      into.set(taken);
      rest = rest.subarray(taken.length);
      return taken.length;
    },
    get damage() {
      return damage;
    },
    close() {
      iterator.return(undefined).catch(() => {});
    },
  };
}

function gunzip(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return throughZlib(chunks, zlib.createGunzip({ chunkSize: CHUNK }));
}

/** Deno has zstd in node:zlib from 2.6 on; before that a decoder in JavaScript does it. */
async function* unzstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const decode = typeof zlib.createZstdDecompress === "function"
    ? nativeZstd
    : (await import("./zstd_decoder.ts")).decodeFrame;
  const parts = zstdFrames(chunks);
  let cut = false;
  while (!cut) {
    const first = await parts.next();
    if (first.done) return;
    yield* decode(oneFrame(first.value, parts, () => cut = true), () => cut);
  }
  throw new Error("unexpected end of stream");
}

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

function nativeZstd(frame: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  return throughZlib(frame, zlib.createZstdDecompress({ chunkSize: CHUNK }));
}

/**
 * Decodes chunk by chunk, each to its end before the next is asked for: an error
 * then never takes output with it that came before, as piping would let it.
 */
async function* throughZlib(
  chunks: AsyncIterable<Uint8Array>,
  transform: Transform,
): AsyncGenerator<Uint8Array> {
  let output: Uint8Array[] = [];
  let failure: Error | undefined;
  let settle: (error?: Error | null) => void = () => {};
  transform.on("data", (chunk: Uint8Array) => output.push(chunk));
  transform.on("end", () => settle()).on("error", (error) => {
    // It may come when no step waits for it.
    failure = error;
    settle(error);
  });
  /** Waits until a step is done; resolves to what went wrong. */
  const done = (step: (callback: typeof settle) => void) =>
    new Promise<Error | null | undefined>((resolve) => {
      if (failure !== undefined) resolve(failure);
      else step(settle = resolve);
    });
  function* taken() {
    yield* output;
    output = [];
  }
  try {
    for await (const chunk of chunks) {
      const error = await done((callback) => transform.write(chunk, callback));
      yield* taken();
      if (error) throw error;
    }
    const error = await done(() => transform.end());
    yield* taken();
    if (error) throw error;
  } finally {
    transform.destroy();
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
