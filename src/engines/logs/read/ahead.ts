/**
 * Reading a file in a thread of its own, ahead of the thread that needs its bytes: who
 * decompresses is not who looks them through. The two ends of a port; what passes are blocks
 * of bytes, as many as there are buffers.
 */
import type { Compression } from "./compression.ts";
import { type ByteStream, openByteStream, type Opening } from "./byte_stream.ts";

/** Blocks that are read ahead of their use at most, and the size of each, bytes. */
const BLOCKS = 16;
const BLOCK_BYTES = 1 << 18;
const NOTHING = new Uint8Array(0);

/** From the reading thread, in order. */
type Told =
  | { readonly type: "opened"; readonly compression: Compression }
  | {
    readonly type: "block";
    readonly buffer: ArrayBuffer;
    readonly length: number;
    /** Bytes taken from the disk up to here. */
    readonly rawBytes: number;
  }
  | { readonly type: "end"; readonly rawBytes: number; readonly damage: string | undefined }
  | { readonly type: "failed"; readonly name: string; readonly message: string };

/** To the reading thread: a buffer whose bytes were used; null when no more are wanted. */
type Used = ArrayBuffer | null;

/** Reads a file and sends its bytes to the other end of the port; never fails itself. */
export async function sendAhead(
  port: MessagePort,
  path: string,
  opening: Opening,
  blockBytes = BLOCK_BYTES,
): Promise<void> {
  const free: ArrayBuffer[] = [];
  let made = 0;
  let wanted = true;
  let wake = () => {};
  port.onmessage = ({ data }: MessageEvent<Used>) => {
    if (data === null) wanted = false;
    else free.push(data);
    wake();
  };

  async function nextBuffer(): Promise<ArrayBuffer | undefined> {
    while (wanted && free.length === 0 && made === BLOCKS) {
      await new Promise<void>((resolve) => wake = resolve);
    }
    if (!wanted) return undefined;
    const buffer = free.pop();
    if (buffer === undefined) made++;
    return buffer ?? new ArrayBuffer(blockBytes);
  }

  const tell = (told: Told, transfer: ArrayBuffer[] = []) => port.postMessage(told, transfer);
  let stream: ByteStream | undefined;
  try {
    stream = await openByteStream(path, new AbortController().signal, opening);
    tell({ type: "opened", compression: stream.compression });
    for (let buffer = await nextBuffer(); buffer !== undefined; buffer = await nextBuffer()) {
      const length = await fill(stream, new Uint8Array(buffer));
      if (length === 0) {
        tell({ type: "end", rawBytes: stream.rawBytes, damage: stream.damage });
        break;
      }
      tell({ type: "block", buffer, length, rawBytes: stream.rawBytes }, [buffer]);
    }
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    tell({ type: "failed", name, message });
  } finally {
    stream?.close();
    while (wanted) await new Promise<void>((resolve) => wake = resolve);
    port.close();
  }
}

/** Reads until a good part of the buffer is filled, as decoders give less than they might. */
async function fill(stream: ByteStream, buffer: Uint8Array): Promise<number> {
  let length = 0;
  while (length <= buffer.length / 2) {
    const n = await stream.read(buffer.subarray(length));
    if (n === 0) break;
    length += n;
  }
  return length;
}

/**
 * The stream of a file that is read at the other end of the port; the port is closed with it.
 *
 * @throws what opening the file threw in the other thread
 */
export async function receiveAhead(port: MessagePort, signal: AbortSignal): Promise<ByteStream> {
  const told: Told[] = [];
  let wake = () => {};
  port.onmessage = ({ data }: MessageEvent<Told>) => {
    told.push(data);
    wake();
  };
  const abort = () => wake();
  signal.addEventListener("abort", abort);

  async function next(): Promise<Told> {
    while (told.length === 0) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => wake = resolve);
    }
    signal.throwIfAborted();
    return told.shift()!;
  }

  function close(): void {
    signal.removeEventListener("abort", abort);
    dismiss(port);
  }

  let block: ArrayBuffer | undefined;
  let rest: Uint8Array = NOTHING;
  let rawBytes = 0;
  let damage: string | undefined;
  let ended = false;
  let compression: Compression = "none";

  /** Takes what the other end tells next. */
  async function take(): Promise<void> {
    const news = await next();
    switch (news.type) {
      case "opened":
        compression = news.compression;
        return;
      case "block":
        block = news.buffer;
        rest = new Uint8Array(news.buffer, 0, news.length);
        rawBytes = news.rawBytes;
        return;
      case "end":
        ({ rawBytes, damage } = news);
        ended = true;
        return;
      case "failed":
        throw errorOf(news);
    }
  }

  try {
    await take();
  } catch (error) {
    close();
    throw error;
  }
  return {
    compression,
    async read(into) {
      while (rest.length === 0 && !ended) await take();
      const n = Math.min(into.length, rest.length);
      into.set(rest.subarray(0, n));
      rest = rest.subarray(n);
      if (rest.length === 0 && block !== undefined) {
        port.postMessage(block, [block]);
        block = undefined;
        rest = NOTHING;
      }
      return n;
    },
    get rawBytes() {
      return rawBytes;
    },
    get damage() {
      return damage;
    },
    close,
  };
}

/** Tells the reading thread that no more is wanted, and closes the port. */
export function dismiss(port: MessagePort): void {
  const last: Used = null;
  port.postMessage(last);
  port.close();
}

/** The error of another thread, as one of the kind that it was. */
function errorOf({ name, message }: { readonly name: string; readonly message: string }): Error {
  const kinds: Readonly<Record<string, new (message: string) => Error>> = Deno.errors;
  return new (kinds[name] ?? Error)(message);
}
