import { type Delivery, type Sink, SinkError } from "../../sinks/sink.ts";
import { backoff, type BackoffOptions } from "../backoff.ts";
import { isClosedPipe } from "../errors.ts";
import { sleep, toError } from "../wait.ts";

/** How long to try where nothing keeps what could not be delivered. */
export interface RetryOptions {
  /** Failed tries in a row, none of which delivered anything, before the sink is given up. */
  readonly tries: number;
  readonly backoff: BackoffOptions;
  /** Told before each pause: how long it is, ms, and why. */
  readonly onPause?: (ms: number, error: Error) => void;
}

/** Some six seconds in all, unless the receiver asks for more with Retry-After. */
export const RETRY: RetryOptions = { tries: 6, backoff: { initial: 200, maximum: 10_000 } };

/** What came of a batch. */
export interface RetryOutcome {
  /** Deliveries that did not arrive. */
  readonly lost: number;
  /** Why, the first time. */
  readonly failure: unknown;
  /** The sink is not worth another batch. */
  readonly over: boolean;
}

/**
 * Writes a batch to a sink, trying again with backoff, or as late as the receiver
 * asks. Where a batch is refused for good each delivery is tried alone, so that
 * only those to blame are lost.
 *
 * @throws ClosedPipe when the reader of standard output is gone
 */
export async function writeWithRetry(
  sink: Sink,
  batch: readonly Delivery[],
  signal: AbortSignal,
  options: RetryOptions = RETRY,
): Promise<RetryOutcome> {
  let rest = batch, lost = 0, failures = 0, alone = 0;
  let failure: unknown;
  const lose = (count: number, error: unknown) => {
    lost += count;
    failure ??= error;
  };
  while (rest.length > 0) {
    const part = alone > 0 ? rest.slice(0, 1) : rest;
    const outcome = await attempt(sink, part, signal);
    const arrived = part.length - outcome.undelivered;
    rest = rest.slice(arrived);
    alone = Math.max(0, alone - arrived);
    if (arrived > 0) failures = 0;
    if (outcome.error === undefined) continue;
    if (outcome.final && part.length > 1) {
      alone = outcome.undelivered;
    } else if (outcome.final) {
      lose(1, outcome.error);
      rest = rest.slice(1);
      alone = Math.max(0, alone - 1);
    } else if (signal.aborted || ++failures >= options.tries) {
      lose(rest.length, outcome.error);
      return { lost, failure, over: true };
    } else {
      const pause = Math.max(outcome.wait, backoff(failures - 1, options.backoff));
      options.onPause?.(pause, outcome.error);
      await sleep(pause, signal);
    }
  }
  return { lost, failure, over: false };
}

interface Attempt {
  /** How many at the end of the batch did not arrive. */
  readonly undelivered: number;
  readonly error?: Error;
  readonly final: boolean;
  readonly wait: number;
}

async function attempt(
  sink: Sink,
  batch: readonly Delivery[],
  signal: AbortSignal,
): Promise<Attempt> {
  try {
    await sink.write(batch, signal);
    return { undelivered: 0, final: false, wait: 0 };
  } catch (error) {
    if (isClosedPipe(error)) throw error;
    if (!(error instanceof SinkError)) {
      return { undelivered: batch.length, error: toError(error), final: false, wait: 0 };
    }
    const { undelivered, retryable, retryAfter = 0 } = error;
    // An error that names nothing leaves open what arrived: all of it goes again.
    const count = undelivered.length || batch.length;
    return { undelivered: count, error, final: !retryable, wait: retryAfter };
  }
}
