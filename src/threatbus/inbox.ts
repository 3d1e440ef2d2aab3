/** A bounded queue between a socket and its reader. */

/** Takes values from one side and hands them out in batches on the other. */
export interface Inbox<T> {
  readonly length: number;
  /** Adds values; a promise means that the queue is full, until it resolves. */
  push(values: readonly T[]): Promise<void> | undefined;
  /** All values at hand, at most `limit`; waits for one. Empty once closed and drained. */
  take(limit: number, signal?: AbortSignal): Promise<T[]>;
  /** No more values come; what is queued can still be taken. */
  close(): void;
}

/** Makes an inbox for so many values or so much of their sizes, whichever comes first. */
export function createInbox<T>(
  maxValues: number,
  maxSize: number,
  sizeOf: (value: T) => number,
): Inbox<T> {
  let queue: T[] = [];
  let size = 0;
  let closed = false;
  let reader: (() => void) | undefined;
  let writers: (() => void)[] = [];

  const isFull = () => queue.length >= maxValues || size >= maxSize;
  const wakeWriters = () => {
    if (isFull() && !closed) return;
    const woken = writers;
    writers = [];
    for (const resolve of woken) resolve();
  };
  const arrival = (signal?: AbortSignal) =>
    new Promise<void>((resolve) => {
      const done = () => {
        signal?.removeEventListener("abort", done);
        reader = undefined;
        resolve();
      };
      reader = done;
      signal?.addEventListener("abort", done, { once: true });
    });

  return {
    get length() {
      return queue.length;
    },
    push: (values) => {
      if (closed) return undefined;
      for (const value of values) {
        queue.push(value);
        size += sizeOf(value);
      }
      reader?.();
      return isFull() ? new Promise((resolve) => writers.push(resolve)) : undefined;
    },
    take: async (limit, signal) => {
      while (queue.length === 0 && !closed && !signal?.aborted) await arrival(signal);
      if (signal?.aborted) return [];
      const taken = queue.slice(0, limit);
      queue = queue.slice(limit);
      for (const value of taken) size -= sizeOf(value);
      wakeWriters();
      return taken;
    },
    close: () => {
      closed = true;
      reader?.();
      wakeWriters();
    },
  };
}
