import { deadline, orAborted } from "./wait.ts";

/** Ends a child at once, unless it has ended already. */
export function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch { /* it has ended */ }
}

/**
 * Ends a child together with this process, however that ends but by a signal that it can't hear
 * (`Deno.exit` raises `unload`): one that ignores its standard input would go on without us.
 */
export function endWithUs(child: Deno.ChildProcess): void {
  const end = () => kill(child);
  globalThis.addEventListener("unload", end);
  child.status.finally(() => globalThis.removeEventListener("unload", end));
}

/** What a child writes on a pipe. */
export interface Output {
  chunks(): AsyncIterable<Uint8Array>;
  /** Ends the chunks. Without it they end no sooner than all programs that the child started. */
  letGo(): void;
}

export function outputOf(stream: ReadableStream<Uint8Array>): Output {
  const reader = stream.getReader();
  return {
    async *chunks() {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        yield value;
      }
    },
    letGo: () => void reader.cancel().catch(() => {}),
  };
}

/** How long after a child's end its input is held open by no more than its being taken down, ms. */
const TAKING_DOWN = 1000;

/**
 * Lets go of the input of a child that was ended. A write under way fails then, unless a program
 * that the child started holds the pipe: that one is not waited for.
 */
export async function letGoOfInput(writer: WritableStreamDefaultWriter<Uint8Array>): Promise<void> {
  const limit = deadline(TAKING_DOWN);
  await orAborted(writer.abort(), limit.signal).catch(() => {});
  limit.clear();
}
