import type { Sink } from "../../../sinks/sink.ts";
import type { BackoffOptions } from "../../backoff.ts";
import type { Queue } from "../../delivery/queue.ts";
import { deliverQueue } from "../../delivery/worker.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { Target } from "../report.ts";

/** An open sink with its place in the queue and the form of what it gets. */
export interface Channel extends Target {
  readonly sink: Sink;
  /** Waits between failed tries, where the usual ones don't fit. */
  readonly backoff?: BackoffOptions;
}

/** The channels of a run, which may change while it goes on. */
export interface Channels {
  readonly current: readonly Channel[];
  /** Called after each change; one listener. */
  onChange?: () => void;
}

/** What a worker for each channel needs. */
export interface LaneOptions {
  readonly queue: Queue;
  readonly metrics: Metrics;
  readonly maxAttempts: number;
  readonly maxAge: number;
  readonly onFailed: (error: unknown) => void;
}

/** Workers, one for each channel of the moment. */
export interface Lanes {
  /** Starts workers for the channels, and again as they change. */
  follow(channels: Channels): void;
  /** Resolves when all workers have ended. */
  ended(): Promise<void>;
}

/** Makes workers that deliver until `drain` (what waits goes out) or `signal` (at once). */
export function createLanes(
  options: LaneOptions,
  drain: AbortSignal,
  signal: AbortSignal,
): Lanes {
  const working = new Map<Channel, { readonly stop: AbortController; done: Promise<void> }>();
  const start = (channel: Channel, before: Promise<unknown>) => {
    const stop = new AbortController();
    // Not AbortSignal.any on a signal that lives long: each reload would leave one behind.
    const end = () => stop.abort();
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    const done = before.then(() => deliverTo(channel, options, drain, stop.signal))
      .catch(options.onFailed)
      .finally(() => signal.removeEventListener("abort", end));
    working.set(channel, { stop, done });
  };
  const follow = (channels: Channels) => {
    const wanted = new Set(channels.current);
    for (const [channel, { stop, done }] of working) {
      if (wanted.has(channel)) continue;
      stop.abort();
      // It stays until it has ended, so that `ended` waits for it.
      done.then(() => working.delete(channel));
    }
    for (const channel of wanted) {
      if (working.has(channel)) continue;
      // Another with its name, opened otherwise, takes from the same lane until it has ended.
      const before = [...working].filter(([{ label }]) => label === channel.label);
      start(channel, Promise.all(before.map(([, { done }]) => done)));
    }
  };
  return {
    follow(channels) {
      follow(channels);
      channels.onChange = () => follow(channels);
    },
    async ended() {
      await Promise.all([...working.values()].map(({ done }) => done));
    },
  };
}

async function deliverTo(
  { label, sink, backoff }: Channel,
  { queue, metrics, maxAttempts, maxAge }: LaneOptions,
  drain: AbortSignal,
  signal: AbortSignal,
): Promise<void> {
  const tell = () => metrics.spoolLength(label, queue.waiting(label));
  await deliverQueue(
    label,
    sink,
    queue,
    {
      maxAttempts,
      maxAge,
      ...(backoff === undefined ? {} : { backoff }),
      onDelivered(count) {
        metrics.delivered(label, count);
        tell();
      },
      onFailure() {
        metrics.deliveryFailed(label);
        tell();
      },
      onDead: (count) => metrics.dead(label, count),
    },
    drain,
    signal,
  );
}
