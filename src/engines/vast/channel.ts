/** Items wait here until they are read. */
const WAITING = 4;

/**
 * What some work pushes, as it is read. Leaving the iteration ends the work, by the
 * signal that it is given, and waits for its end.
 */
export async function* produce<T>(
  signal: AbortSignal,
  work: (push: (item: T) => Promise<void>, signal: AbortSignal) => Promise<void>,
): AsyncGenerator<T, void, void> {
  const stop = new AbortController();
  const inner = AbortSignal.any([signal, stop.signal]);
  const channel = createChannel<T>(WAITING);
  const push = (item: T) => channel.push(item, inner);
  const running = work(push, inner).then(channel.end, channel.fail);
  try {
    yield* channel.read();
  } finally {
    stop.abort(new DOMException("Nobody reads on", "AbortError"));
    await running;
  }
}

/** Joins several producers to one consumer, whose pace holds them back. */
interface Channel<T> {
  /** Resolves when there is room again. Rejects when the signal aborts. */
  push(item: T, signal: AbortSignal): Promise<void>;
  /** No more items; what waits is still read. */
  end(): void;
  /** Ends with an error once what waits is read. */
  fail(error: unknown): void;
  /** One consumer. */
  read(): AsyncGenerator<T, void, void>;
}

/** Makes a channel in which so many items may wait. */
function createChannel<T>(capacity: number): Channel<T> {
  const items: T[] = [];
  let ended: { readonly error?: unknown } | undefined;
  let wakeReader = () => {};
  const writers = new Set<() => void>();
  return {
    async push(item, signal) {
      items.push(item);
      wakeReader();
      while (items.length > capacity) {
        signal.throwIfAborted();
        await new Promise<void>((resolve) => {
          const wake = () => {
            writers.delete(wake);
            signal.removeEventListener("abort", wake);
            resolve();
          };
          writers.add(wake);
          signal.addEventListener("abort", wake, { once: true });
        });
      }
      signal.throwIfAborted();
    },
    end() {
      ended ??= {};
      wakeReader();
    },
    fail(error) {
      ended ??= { error };
      wakeReader();
    },
    async *read() {
      while (true) {
        while (items.length > 0) {
          yield items.shift()!;
          for (const wake of [...writers]) wake();
        }
        if (ended) {
          if ("error" in ended) throw ended.error;
          return;
        }
        await new Promise<void>((resolve) => wakeReader = resolve);
      }
    },
  };
}
