import { getLogger } from "../log.ts";
import { type Sink, SinkError } from "../../sinks/sink.ts";

const logger = getLogger(["bridge", "delivery"]);

/**
 * Opens a sink whose deliveries something keeps: one that can't be reached yet is
 * opened by the first write that finds it there, and until then writes fail with a
 * retryable `SinkError`.
 *
 * @throws whatever trying again can't help against
 */
export async function openNowOrLater(
  label: string,
  open: (signal: AbortSignal) => Promise<Sink>,
  signal: AbortSignal,
): Promise<Sink> {
  try {
    return await open(signal);
  } catch (error) {
    if (!(error instanceof SinkError && error.retryable) || signal.aborted) throw error;
    logger.warn("{label} can't be reached yet: {error}", { label, error });
    return opener(open);
  }
}

function opener(open: (signal: AbortSignal) => Promise<Sink>): Sink {
  let sink: Sink | undefined;
  return {
    async write(batch, signal, progress) {
      try {
        sink ??= await open(signal);
      } catch (error) {
        if (!(error instanceof SinkError)) throw error;
        const { message, retryable, hint } = error;
        throw new SinkError(message, {
          undelivered: batch,
          retryable,
          cause: error,
          ...(hint === undefined ? {} : { hint }),
        });
      }
      await sink.write(batch, signal, progress);
    },
    close: () => sink?.close() ?? Promise.resolve(),
    reopen: () => sink?.reopen?.() ?? Promise.resolve(),
  };
}
