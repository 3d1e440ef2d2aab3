import { ClosedPipe } from "../src/errors.ts";
import { reasonOf } from "../src/system_error.ts";
import { orAborted } from "../src/wait.ts";
import { chunksOf, joinLines, writeAll } from "./lines.ts";
import { type Delivery, type Sink, SinkError, type SinkModule, type SinkSpec } from "./sink.ts";

/** One system call takes about so much. */
const CHUNK = 256 * 1024;

/**
 * So many bytes at first are written without a thread that could wait for the reader: starting one
 * is half a millisecond of a short hunt. A pipe takes them, unless others have filled it.
 */
const AT_ONCE = 4096;

export const spec: SinkSpec = {
  name: "stdout",
  summary: "lines on standard output",
  forms: ["stdout", "STDOUT", "-"],
  options: {},
  guarantee: "at-most-once",
  confirms: "the lines were handed to the operating system",
  examples: ["stdout"],
};

export function parse(): Record<string, unknown> {
  return {};
}

export const open: SinkModule["open"] = async (_options, context, signal) => {
  const write = createWrite();
  if (context.head !== undefined) await put(write(joinLines([context.head])), signal);
  let closed = false;
  const sink: Sink = {
    async write(batch, signal) {
      let delivered = 0;
      for (const chunk of chunksOf(batch, CHUNK)) {
        const lines = joinLines(chunk.map((delivery) => delivery.body));
        await put(write(lines), signal, () => batch.slice(delivered));
        delivered += chunk.length;
      }
    },
    async close() {
      if (closed) return;
      closed = true;
      if (context.tail !== undefined) await put(write(joinLines([context.tail])));
    },
  };
  return sink;
};

function createWrite(): (bytes: Uint8Array) => Promise<void> {
  let atOnce = AT_ONCE;
  return async (bytes) => {
    atOnce -= bytes.length;
    if (atOnce < 0) return await writeAll(Deno.stdout, bytes);
    for (let done = 0; done < bytes.length;) done += Deno.stdout.writeSync(bytes.subarray(done));
  };
}

/** A reader that does not read holds a write for ever, so the signal ends the wait. */
async function put(
  write: Promise<void>,
  signal?: AbortSignal,
  undelivered: () => readonly Delivery[] = () => [],
): Promise<void> {
  try {
    await (signal === undefined ? write : orAborted(write, signal));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw new ClosedPipe();
    throw new SinkError(`Can't write to standard output: ${reasonOf(error)}`, {
      undelivered: undelivered(),
      retryable: signal?.aborted !== true,
      cause: error,
    });
  }
}
