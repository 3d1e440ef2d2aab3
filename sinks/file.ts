import { dirname } from "node:path";
import type { Values } from "../src/config/config.ts";
import type { OptionTable } from "../src/config/options.ts";
import { orAborted } from "../src/wait.ts";
import { afterScheme, readForm } from "./form.ts";
import { chunksOf, joinLines } from "./lines.ts";
import {
  type Delivery,
  type Sink,
  type SinkContext,
  SinkError,
  type SinkModule,
  type SinkSpec,
} from "./sink.ts";
import { reasonOf } from "../src/system_error.ts";

const OPTIONS = {
  path: { type: "string", required: true, doc: "The file that lines are appended to" },
  fsync: {
    type: "boolean",
    default: false,
    doc: "Wait after each batch until the disk has it, so that a power cut loses nothing",
  },
  mode: {
    type: "string",
    default: "0640",
    doc: "Permissions of a new file, octal",
    example: "0600",
  },
  rotate_size: {
    type: "bytes",
    default: 0,
    doc: "Begin a new file when this one would grow beyond it; 0 never does",
  },
  rotate_age: {
    type: "duration",
    default: 0,
    doc: "Begin a new file when this one is older; 0 never does",
  },
  keep: {
    type: "integer",
    minimum: 0,
    default: 10,
    doc: "Rotated files that are kept; 0 keeps all",
  },
} as const satisfies OptionTable;

type Options = Values<typeof OPTIONS>;

const MIB = 1024 * 1024;

export const spec: SinkSpec = {
  name: "file",
  summary: "lines appended to a file, with rotation",
  forms: ["file:PATH", "file:PATH?fsync=true&rotate_size=100MiB"],
  options: OPTIONS,
  guarantee: "at-least-once",
  confirms: "the lines were written to the file, and with fsync that the disk has them",
  examples: ["file:/var/log/bridge/hits.json", "file:hits.json?rotate_age=1d&keep=7&mode=0600"],
};

export function parse(form: string): Record<string, unknown> {
  const { rest, options } = readForm(form);
  return { ...options, path: afterScheme(rest, "file:PATH, e.g. file:/var/log/bridge/hits.json") };
}

/** The file as it is open now. */
interface Handle {
  readonly file: Deno.FsFile;
  /** Pipes and devices can neither be cut nor rotated. */
  readonly regular: boolean;
  readonly since: number;
  size: number;
}

export const open: SinkModule["open"] = async (raw, context, signal) => {
  const options = raw as unknown as Options;
  const mode = parseMode(options.mode, options.path);
  let handle: Handle | undefined = await openFile();

  async function openFile(): Promise<Handle> {
    try {
      const opening = Deno.open(options.path, { read: true, append: true, create: true, mode })
        // A file that others may only write to, a pipe, a device.
        .catch(() => Deno.open(options.path, { append: true, create: true, mode }));
      const file = await orAborted(opening, signal);
      const { isFile, size, birthtime, mtime } = await file.stat();
      const since = (size > 0 ? birthtime ?? mtime : null)?.getTime() ?? Date.now();
      const handle = { file, regular: isFile, since, size };
      if (isFile && size > 0) await endTornLine(handle);
      if (handle.size === 0 && context.head !== undefined) await append(handle, [context.head]);
      return handle;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw problem(`Can't open ${options.path}`, error);
    }
  }

  async function letGo(): Promise<void> {
    const old = handle;
    handle = undefined;
    if (old === undefined) return;
    try {
      await save(old);
    } finally {
      old.file.close();
    }
  }

  async function save({ file, regular }: Handle): Promise<void> {
    if (options.fsync && regular) await file.sync();
  }

  async function rotate(): Promise<void> {
    if (context.tail !== undefined) await append(handle!, [context.tail]);
    await letGo();
    await Deno.rename(options.path, await freeName(options.path));
    handle = await openFile();
    if (options.keep > 0) await prune(options.path, options.keep);
    if (options.fsync) await syncFolder(options.path);
  }

  function isDue({ regular, size, since }: Handle, bytes: number): boolean {
    if (!regular || size <= (context.head?.length ?? -1) + 1) return false;
    if (options.rotate_size > 0 && size + bytes > options.rotate_size) return true;
    return options.rotate_age > 0 && Date.now() - since > options.rotate_age;
  }

  const sink: Sink = {
    async write(batch, signal) {
      let written = 0;
      try {
        for (const chunk of chunksOf(batch, chunkSize(options.rotate_size, context))) {
          signal.throwIfAborted();
          handle ??= await openFile();
          const bytes = chunk.reduce((sum, delivery) => sum + delivery.body.length + 1, 0);
          if (isDue(handle, bytes)) await rotate();
          await append(handle, chunk.map((delivery) => delivery.body));
          written += chunk.length;
        }
        if (handle !== undefined) await save(handle);
      } catch (error) {
        // Without fsync there is no later moment at which written lines become safe.
        const undelivered = batch.slice(options.fsync ? 0 : written);
        throw problem(`Can't write to ${options.path}`, error, undelivered);
      }
    },
    async close() {
      try {
        if (handle !== undefined && context.tail !== undefined) {
          await append(handle, [context.tail]);
        }
        await letGo();
      } catch (error) {
        throw problem(`Can't write to ${options.path}`, error);
      }
    },
    async reopen() {
      await letGo();
      handle = await openFile();
    },
  };
  return sink;
};

function parseMode(text: string, path: string): number {
  if (/^0?[0-7]{3}$/.test(text)) return parseInt(text, 8);
  throw new SinkError(`Not an octal mode for ${path}: ${JSON.stringify(text)}`, {
    retryable: false,
    hint: "Write three octal digits, such as 0640.",
  });
}

/** Small enough that rotation by size is near its mark, big enough for few system calls. */
function chunkSize(rotateSize: number, { head, tail }: SinkContext): number {
  if (rotateSize === 0) return MIB;
  const frame = (head?.length ?? -1) + (tail?.length ?? -1) + 2;
  return Math.min(rotateSize - frame, Math.max(4096, rotateSize / 16), MIB);
}

/** Writes lines whole or not at all: what a full disk cut off is taken back. */
async function append(handle: Handle, bodies: readonly Uint8Array[]): Promise<void> {
  const bytes = joinLines(bodies);
  let done = 0;
  try {
    while (done < bytes.length) done += await handle.file.write(bytes.subarray(done));
    handle.size += bytes.length;
  } catch (error) {
    if (handle.regular && done > 0) await takeBack(handle.file, done);
    throw error;
  }
}

async function takeBack(file: Deno.FsFile, bytes: number): Promise<void> {
  // The size is asked for anew, since others may have cut the file meanwhile (copytruncate).
  const { size } = await file.stat();
  await file.truncate(Math.max(0, size - bytes)).catch(() => {});
}

/** A crash may have left half a line; the next one must not be glued to it. */
async function endTornLine(handle: Handle): Promise<void> {
  const last = new Uint8Array(1);
  await handle.file.seek(handle.size - 1, Deno.SeekMode.Start);
  const read = await handle.file.read(last).catch(() => null);
  if (read === 1 && last[0] !== 10) await append(handle, [new Uint8Array(0)]);
}

/** `hits.json.20261121T140000Z`, with a number after it where that second is taken. */
async function freeName(path: string): Promise<string> {
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  for (let n = 0;; n++) {
    const name = `${path}.${stamp}${n === 0 ? "" : `-${String(n).padStart(4, "0")}`}`;
    if (!await Deno.lstat(name).then(() => true, () => false)) return name;
  }
}

async function prune(path: string, keep: number): Promise<void> {
  const folder = dirname(path);
  const prefix = path.slice(path.lastIndexOf("/") + 1) + ".";
  const rotated: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith(prefix) && /^\d{8}T\d{6}Z(-\d{4})?$/.test(name.slice(prefix.length))) {
      rotated.push(name);
    }
  }
  for (const name of rotated.sort().slice(0, -keep)) await Deno.remove(`${folder}/${name}`);
}

/** A new name is on disk only when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await Deno.open(dirname(path));
  try {
    await folder.sync();
  } finally {
    folder.close();
  }
}

function problem(what: string, error: unknown, undelivered: readonly Delivery[] = []): SinkError {
  if (error instanceof SinkError && undelivered.length === 0) return error;
  const hint = error instanceof Deno.errors.NotFound
    ? "Make the folder first, or name another file."
    : error instanceof Deno.errors.NotCapable
    ? "Name a file, or write to standard output with the sink stdout."
    : undefined;
  return new SinkError(`${what}: ${reasonOf(error)}`, {
    undelivered,
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}
