/** Bytes of IoC sources: files, standard input; decompressed, as UTF-8 without a byte order mark. */
import { InputError } from "../../errors.ts";
import { isStandardInput } from "../../standard_input.ts";
import { reasonOf } from "../../system_error.ts";

/** A source of IoCs. */
export interface IocInput {
  /** As it is shown in messages. */
  readonly name: string;
  /** Bytes as far as they are known before opening. */
  readonly size?: () => number;
  readonly open: () => AsyncIterable<Uint8Array>;
}

/** An opened source. */
export interface OpenInput {
  /** The beginning, enough to tell the format. */
  readonly head: string;
  /** All bytes, the head included. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** So much is looked at to tell the format. */
const HEAD_BYTES = 1 << 16;
const CHUNK_BYTES = 1 << 20;

/** A file by its path; `-` (or `/dev/stdin`) is standard input. */
export function fileInput(path: string): IocInput {
  return isStandardInput(path)
    ? { name: "stdin", open: () => Deno.stdin.readable }
    : { name: path, open: () => readFile(path), size: () => sizeOf(path) };
}

/** Bytes of a file; 0 if that can't be said, which `readFile` then reports. */
function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0;
  }
}

/** A text as a source, for tests and values in configuration. */
export function textInput(name: string, text: string): IocInput {
  const open = async function* () {
    yield new TextEncoder().encode(text);
  };
  return { name, open };
}

async function* readFile(path: string): AsyncIterable<Uint8Array> {
  using file = await openFile(path);
  const { size } = await file.stat();
  // One byte more than the file has, so that the end shows in the second read.
  const bytes = Math.min(CHUNK_BYTES, Math.max(size + 1, 4096));
  for (;;) {
    const chunk = new Uint8Array(bytes);
    const length = await readSome(file, chunk, path);
    if (length === null) return;
    yield chunk.subarray(0, length);
  }
}

async function openFile(path: string): Promise<Deno.FsFile> {
  if (path === "") throw new InputError("The path of the file is empty");
  try {
    return await Deno.open(path);
  } catch (error) {
    throw new InputError(`Can't be read: ${reasonOf(error)}`, {
      place: { file: path },
      hint: "Check the path and its permissions.",
      cause: error,
    });
  }
}

async function readSome(file: Deno.FsFile, chunk: Uint8Array, path: string) {
  try {
    return await file.read(chunk);
  } catch (error) {
    throw new InputError(`Can't be read: ${reasonOf(error)}`, {
      place: { file: path },
      cause: error,
    });
  }
}

/** What is no text at all, by its first bytes, with what to do about it. */
const FOREIGN: readonly (readonly [string, string, readonly number[]])[] = [
  ["zstd-compressed", "zstd -dc FILE | bridge … --ioc-file -", [0x28, 0xb5, 0x2f, 0xfd]],
  ["xz-compressed", "xz -dc FILE | bridge … --ioc-file -", [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ["bzip2-compressed", "bzip2 -dc FILE | bridge … --ioc-file -", [0x42, 0x5a, 0x68]],
  ["a zip archive (or a workbook)", "Unpack it, or save the sheet as CSV", [0x50, 0x4b, 3, 4]],
  ["a PDF", "Copy the IoCs into a text file", [0x25, 0x50, 0x44, 0x46]],
];

/** Opens a source: looks at its beginning, undoes gzip and UTF-16. */
export async function openInput(input: IocInput): Promise<OpenInput> {
  let chunks = input.open();
  let start = await takeHead(chunks);
  if (start.head[0] === 0x1f && start.head[1] === 0x8b) {
    chunks = gunzip(start.all, input.name);
    start = await takeHead(chunks);
  }
  for (const [what, hint, magic] of FOREIGN) {
    if (!magic.every((byte, at) => start.head[at] === byte)) continue;
    throw new InputError(`Not a list of IoCs: it is ${what}`, {
      place: { file: input.name },
      hint: `${hint}.`,
    });
  }
  const encoding = utf16(start.head);
  if (encoding !== undefined) start = await takeHead(transcode(start.all, encoding));
  const marked = start.head[0] === 0xef && start.head[1] === 0xbb && start.head[2] === 0xbf;
  return {
    // The decoder takes the mark away, and puts U+FFFD for a character cut in two at the end.
    head: new TextDecoder().decode(start.head),
    chunks: marked ? skipBytes(start.all, 3) : start.all,
  };
}

/** The first bytes, and all bytes with them. */
async function takeHead(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ head: Uint8Array; all: AsyncIterable<Uint8Array> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  while (length < HEAD_BYTES) {
    const next = await iterator.next();
    if (next.done) break;
    first.push(next.value);
    length += next.value.length;
  }
  const joined = first.length === 1 ? first[0]! : await new Blob(first as BlobPart[]).bytes();
  async function* all() {
    try {
      yield joined;
      for (;;) {
        const next = await iterator.next();
        if (next.done) return;
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { head: joined.subarray(0, HEAD_BYTES), all: all() };
}

async function* gunzip(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): AsyncIterable<Uint8Array> {
  const source = ReadableStream.from(chunks as AsyncIterable<Uint8Array<ArrayBuffer>>);
  try {
    yield* source.pipeThrough(new DecompressionStream("gzip"));
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError("The gzip stream is cut short or damaged", {
      place: { file: name },
      hint: "Fetch the file again.",
      cause: error,
    });
  }
}

/** UTF-16 is told from its mark, or from the zeros in its ASCII. */
function utf16(head: Uint8Array): "utf-16le" | "utf-16be" | undefined {
  const [a, b, c, d] = head;
  if ((a === 0xff && b === 0xfe) || (head.length > 3 && a !== 0 && !b && c !== 0 && !d)) {
    return "utf-16le";
  }
  if ((a === 0xfe && b === 0xff) || (head.length > 3 && !a && b !== 0 && !c && d !== 0)) {
    return "utf-16be";
  }
  return undefined;
}

async function* transcode(
  chunks: AsyncIterable<Uint8Array>,
  encoding: string,
): AsyncIterable<Uint8Array> {
  const decoder = new TextDecoder(encoding);
  const encoder = new TextEncoder();
  for await (const chunk of chunks) yield encoder.encode(decoder.decode(chunk, { stream: true }));
  yield encoder.encode(decoder.decode());
}

async function* skipBytes(
  chunks: AsyncIterable<Uint8Array>,
  count: number,
): AsyncIterable<Uint8Array> {
  let left = count;
  for await (const chunk of chunks) {
    yield left > 0 ? chunk.subarray(left) : chunk;
    left = Math.max(0, left - chunk.length);
  }
}
