import { orAborted, sleep } from "../../../wait.ts";
import type { RawSource } from "./byte_stream.ts";

/** Time between two looks for a writer, ms. */
const LOOK = 50;

/**
 * Opens a pipe so that waiting for its writer can be ended. To open a named one for reading waits in
 * the system, and Deno 2.4 stands still meanwhile. Who opens it for both does not wait, nor does a
 * reader then; so it is the reading that waits, which gives nothing as long as there was no writer.
 */
export async function openPipe(path: string, signal: AbortSignal): Promise<RawSource> {
  const both = openForBoth(path);
  const file = await orAborted(Deno.open(path), signal);
  both?.close();
  let hasWriter = both === undefined;
  return {
    async read(into) {
      for (;;) {
        const n = await orAborted(file.read(into), signal);
        hasWriter ||= n !== null;
        if (hasWriter) return n;
        await sleep(LOOK, signal);
        signal.throwIfAborted();
      }
    },
    close: () => file.close(),
  };
}

/** Undefined if nobody waits, as it has no name (`<(command)`) or is a device, or if we may not write to it. */
function openForBoth(path: string): Deno.FsFile | undefined {
  try {
    const name = Deno.realPathSync(path);
    return Deno.statSync(name).isFifo
      ? Deno.openSync(name, { read: true, write: true })
      : undefined;
  } catch {
    return undefined;
  }
}
