/** A bounded queue between a socket and its reader. */

/** Takes values from one side and hands them out in batches on the other. */
export interface Inbox<T> {
  readonly length: number;
  /** Adds a value; a promise means that the queue is full, until it resolves. */
  push(value: T, size: number): Promise<void> | undefined;
  /** All values at hand, at most `limit`; waits for one. Empty once closed and drained. */
  take(limit: number, signal?: AbortSignal): Promise<T[]>;
  /** No more values come; what is queued can still be taken. */
  close(): void;
}

/** Makes an inbox for so many values or so much of their sizes, whichever comes first. */
export function createInbox<T>(maxValues: number, maxSize: number): Inbox<T> {
  let queue: { readonly value: T; readonly size: number }[] = [];
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
    push: (value, valueSize) => {
      if (closed) return undefined;
      queue.push({ value, size: valueSize });
      size += valueSize;
      reader?.();
      return isFull() ? new Promise((resolve) => writers.push(resolve)) : undefined;
    },
    take: async (limit, signal) => {
      while (queue.length === 0 && !closed && !signal?.aborted) await arrival(signal);
      if (signal?.aborted) return [];
      const taken = queue.slice(0, limit);
      queue = queue.slice(limit);
      for (const entry of taken) size -= entry.size;
      wakeWriters();
      return taken.map((entry) => entry.value);
    },
    close: () => {
      closed = true;
      reader?.();
      wakeWriters();
    },
  };
}
