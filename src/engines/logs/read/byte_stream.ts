import { identityOf } from "./identity.ts";
import { openPipe } from "./named_pipe.ts";
import { type Compression, compressionOf } from "./compression.ts";

/** Bytes of a log, decompressed, pulled by the reader at its own pace. */
export interface ByteStream {
  readonly compression: Compression;
  /** Fills the front of `into`; resolves to the number of bytes, 0 at the end. */
  read(into: Uint8Array): Promise<number>;
  /** Bytes taken from the disk so far. */
  readonly rawBytes: number;
  /** Why the stream ended early, in words; set once `read` has returned 0. */
  readonly damage: string | undefined;
  close(): void;
}

/** Where raw bytes come from: a file or standard input. */
export interface RawSource {
  read(into: Uint8Array): Promise<number | null>;
  close(): void;
}

const HEAD_BYTES = 4096;
const TELLING_BYTES = 4;
/** Compressed bytes decoded at once: all that they hold is in memory then. */
const RAW_CHUNK = 64 * 1024;

/** What is to be read of a file. */
export interface Opening {
  /** For plain files: where to begin, bytes. */
  readonly from?: number;
  /** `device:inode`, if another file under its name is not to be read. */
  readonly identity?: string;
  /** It is no file on disk. */
  readonly pipe?: boolean;
}

/**
 * Opens a file (`-` for standard input) for reading from its start, decompressing if need be.
 *
 * @throws Deno.errors.NotFound also when another file than the one asked for has its name
 */
export async function openByteStream(
  path: string,
  signal: AbortSignal,
  { from = 0, identity, pipe = false }: Opening = {},
): Promise<ByteStream> {
  if (path === "-") return await byteStream(standardInput(signal), signal);
  const source = pipe ? await openPipe(path, signal) : await openFile(path, from, identity);
  try {
    return await byteStream(source, signal, pipe ? undefined : path);
  } catch (error) {
    source.close();
    throw error;
  }
}

async function openFile(
  path: string,
  from: number,
  identity: string | undefined,
): Promise<RawSource> {
  const file = await Deno.open(path);
  try {
    const info = file.statSync();
    if (identity !== undefined && identityOf(info, path) !== identity) {
      throw new Deno.errors.NotFound("Another file has its name");
    }
    if (from > 0) file.seekSync(from, Deno.SeekMode.Start);
    return info.isFile ? promptly(file) : file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** So many bytes of a file are read without leaving the thread. */
const PROMPT_BYTES = 1 << 20;

/**
 * A file on disk answers at once, a trip through the event loop takes many times longer.
 * Now and then it is made all the same, so that signals and timers get their turn.
 */
function promptly(file: Deno.FsFile): RawSource {
  let left = PROMPT_BYTES;
  return {
    read(into) {
      if (left <= 0) {
        left = PROMPT_BYTES;
        return file.read(into);
      }
      const n = file.readSync(into.subarray(0, PROMPT_BYTES));
      left -= n ?? 0;
      return Promise.resolve(n);
    },
    close: () => file.close(),
  };
}

/**
 * Wraps a raw source, telling its compression by its first bytes; `path` is where
 * it can be opened again, if it can.
 */
export async function byteStream(
  source: RawSource,
  signal: AbortSignal,
  path?: string,
): Promise<ByteStream> {
  const counted = counting(source);
  const head = await readHead(counted);
  const compression = compressionOf(head);
  const raw = pushBack(counted, head);
  const base = { compression, close: raw.close };
  if (compression === "none") {
    return {
      ...base,
      async read(into) {
        signal.throwIfAborted();
        return await raw.read(into) ?? 0;
      },
      get rawBytes() {
        return counted.bytes;
      },
      damage: undefined,
    };
  }
  const { decompress } = await import("./decompress.ts");
  const { chunks, again } = repeatable(rawChunks(raw, signal), path, signal);
  const unpacked = decompress(compression, chunks, again);
  return {
    ...base,
    read: unpacked.read,
    get rawBytes() {
      return counted.bytes;
    },
    get damage() {
      return unpacked.damage;
    },
    close() {
      unpacked.close();
      raw.close();
    },
  };
}

/** The first bytes: as many as tell the compression, or all there are. */
async function readHead(source: RawSource): Promise<Uint8Array> {
  const head = new Uint8Array(HEAD_BYTES);
  let length = 0;
  while (length < TELLING_BYTES) {
    const n = await source.read(head.subarray(length));
    if (n === null || n === 0) break;
    length += n;
  }
  return head.subarray(0, length);
}

/** Standard input; an abort ends a read that waits for a writer. */
function standardInput(signal: AbortSignal): RawSource {
  return {
    read(into) {
      signal.throwIfAborted();
      return new Promise((resolve, reject) => {
        const abort = () => reject(signal.reason);
        signal.addEventListener("abort", abort, { once: true });
        Deno.stdin.read(into).then(resolve, reject)
          .finally(() => signal.removeEventListener("abort", abort));
      });
    },
    close: () => {},
  };
}

function counting(source: RawSource): RawSource & { readonly bytes: number } {
  let bytes = 0;
  return {
    async read(into) {
      const n = await source.read(into);
      bytes += n ?? 0;
      return n;
    },
    close: () => source.close(),
    get bytes() {
      return bytes;
    },
  };
}

/** Gives the bytes of `head` again before those of the source; closes once. */
function pushBack(source: RawSource, head: Uint8Array): RawSource {
  let rest = head;
  let closed = false;
  return {
    read(into) {
      if (rest.length === 0) return source.read(into);
      const taken = rest.subarray(0, into.length);
      into.set(taken);
      rest = rest.subarray(taken.length);
      return Promise.resolve(taken.length);
    },
    close() {
      if (!closed) source.close();
      closed = true;
    },
  };
}

/** What came through a pipe is kept up to so many bytes, to be decoded once more. */
const MOST_KEPT = 8 << 20;

/** Chunks that can be had again: from the file, or from memory while they are few. */
function repeatable(
  first: AsyncIterable<Uint8Array>,
  path: string | undefined,
  signal: AbortSignal,
) {
  if (path !== undefined) return { chunks: first, again: () => fileChunks(path, signal) };
  let kept: Uint8Array[] = [];
  let bytes = 0;
  async function* keeping() {
    for await (const chunk of first) {
      bytes += chunk.length;
      if (bytes <= MOST_KEPT) kept.push(chunk);
      else kept = [];
      yield chunk;
    }
  }
  async function* fromMemory() {
    yield* kept;
  }
  return { chunks: keeping(), again: () => bytes <= MOST_KEPT ? fromMemory() : undefined };
}

async function* fileChunks(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  using file = await Deno.open(path);
  yield* rawChunks(file, signal);
}

async function* rawChunks(source: RawSource, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  while (true) {
    signal.throwIfAborted();
    const chunk = new Uint8Array(RAW_CHUNK);
    const n = await source.read(chunk);
    if (n === null || n === 0) return;
    yield chunk.subarray(0, n);
  }
}
