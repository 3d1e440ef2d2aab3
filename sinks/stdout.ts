import { ClosedPipe } from "../src/errors.ts";
import { reasonOf } from "../src/system_error.ts";
import { orAborted } from "../src/wait.ts";
import { chunksOf, joinLines, writeAll } from "./lines.ts";
import { type Delivery, type Sink, SinkError, type SinkModule, type SinkSpec } from "./sink.ts";

/** One system call takes about so much. */
const CHUNK = 256 * 1024;

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
  if (context.head !== undefined) await put(joinLines([context.head]), signal);
  let closed = false;
  const sink: Sink = {
    async write(batch, signal) {
      let delivered = 0;
      for (const chunk of chunksOf(batch, CHUNK)) {
        const lines = joinLines(chunk.map((delivery) => delivery.body));
        await put(lines, signal, () => batch.slice(delivered));
        delivered += chunk.length;
      }
    },
    async close() {
      if (closed) return;
      closed = true;
      if (context.tail !== undefined) await put(joinLines([context.tail]));
    },
  };
  return sink;
};

/** A reader that does not read holds a write for ever, so the signal ends the wait. */
async function put(
  bytes: Uint8Array,
  signal?: AbortSignal,
  undelivered: () => readonly Delivery[] = () => [],
): Promise<void> {
  const write = writeAll(Deno.stdout, bytes);
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
