import { Readable } from "node:stream";
import * as zlib from "node:zlib";

/** What decompression adds to a stream of chunks. */
export interface Unpacked {
  read(into: Uint8Array): Promise<number>;
  readonly damage: string | undefined;
  close(): void;
}

const CHUNK = 1 << 20;

/**
 * Decompresses chunks as they are pulled. A stream that is cut short or damaged
 * gives all that could be decoded, then ends with `damage` set; failures of the
 * source itself (an abort, an I/O error) are thrown.
 */
export async function decompress(
  compression: "gzip" | "zstd",
  chunks: AsyncIterable<Uint8Array>,
): Promise<Unpacked> {
  const output = compression === "gzip" ? gunzip(chunks) : await unzstd(chunks);
  const iterator = output[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  let damage: string | undefined;
  return {
    async read(into) {
      while (rest.length === 0) {
        if (damage !== undefined) return 0;
        try {
          const { value, done } = await iterator.next();
          if (done) return 0;
          rest = value;
        } catch (error) {
          damage = describe(error, compression);
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
      iterator.return?.().catch(() => {});
    },
  };
}

function gunzip(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return throughZlib(chunks, zlib.createGunzip({ chunkSize: CHUNK }));
}

/** Deno has zstd in node:zlib from 2.6 on; before that a decoder in JavaScript does it. */
async function unzstd(chunks: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  if (typeof zlib.createZstdDecompress === "function") {
    return throughZlib(chunks, zlib.createZstdDecompress({ chunkSize: CHUNK }));
  }
  const { Decompress } = await import("fzstd");
  return throughPush(chunks, (output) => new Decompress(output));
}

async function* throughZlib(
  chunks: AsyncIterable<Uint8Array>,
  transform: ReturnType<typeof zlib.createGunzip>,
): AsyncGenerator<Uint8Array> {
  const source = Readable.from(chunks, { objectMode: false, highWaterMark: 1 });
  let failure: unknown;
  source.on("error", (error: unknown) => {
    failure = new SourceError(error);
    transform.destroy();
  });
  source.pipe(transform);
  try {
    for await (const chunk of transform) yield chunk;
  } catch (error) {
    throw failure ?? error;
  } finally {
    source.destroy();
    transform.destroy();
  }
  if (failure !== undefined) throw failure;
}

async function* throughPush(
  chunks: AsyncIterable<Uint8Array>,
  create: (output: (chunk: Uint8Array) => void) => { push(chunk: Uint8Array, end?: boolean): void },
): AsyncGenerator<Uint8Array> {
  let decoded: Uint8Array[] = [];
  const decoder = create((chunk) => decoded.push(chunk));
  let failure: unknown;
  for await (const chunk of sourceErrors(chunks)) {
    try {
      decoder.push(chunk);
    } catch (error) {
      failure = error;
    }
    yield* decoded.splice(0);
    if (failure !== undefined) throw failure;
  }
  decoded = [];
  decoder.push(new Uint8Array(0), true);
  yield* decoded;
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

function describe(error: unknown, compression: string): string {
  if (error instanceof SourceError) throw error.cause;
  const text = error instanceof Error ? error.message : String(error);
  return /unexpected e(nd|of)|incomplete/i.test(text)
    ? `${compression} stream ends early`
    : `${compression} stream is damaged (${text})`;
}
