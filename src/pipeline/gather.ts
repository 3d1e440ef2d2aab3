import { createNotice } from "../wait.ts";

/** Bounds of one batch. */
export interface GatherBounds {
  /** Most items in a batch. */
  readonly size: number;
  /** Longest time that the first item of a batch waits for others, ms. */
  readonly delay: number;
  /** Most items that may wait; `push` holds its caller back beyond. Twice `size` unless said. */
  readonly capacity?: number;
}

/** A queue whose reader gets what gathered for a moment as one batch. */
export interface Gatherer<T> {
  /** Resolves when the items are in; waits while the queue is full. */
  push(some: readonly T[], signal: AbortSignal): Promise<void>;
  /** Items that wait now. */
  readonly waiting: number;
  /** Batches in the order of `push`; ends when the signal aborts or after `end` and the last item. */
  batches(signal: AbortSignal): AsyncIterable<T[]>;
  /** No more items: what waits goes out at once. */
  end(): void;
}

/** Makes an empty queue. One reader at a time. */
export function createGatherer<T>(bounds: GatherBounds): Gatherer<T> {
  const capacity = bounds.capacity ?? bounds.size * 2;
  const items: T[] = [];
  let ended = false;
  let firstAt = 0;
  const change = createNotice();
  const room = createNotice();
  return {
    get waiting() {
      return items.length;
    },
    async push(some, signal) {
      for (let at = 0; at < some.length;) {
        while (items.length >= capacity) {
          signal.throwIfAborted();
          await room.next(signal);
        }
        const isFirst = items.length === 0;
        if (isFirst) firstAt = performance.now();
        while (at < some.length && items.length < capacity) items.push(some[at++]!);
        if (isFirst || items.length >= bounds.size) change.raise();
      }
    },
    async *batches(signal) {
      while (!signal.aborted) {
        if (items.length === 0 && ended) return;
        const due = firstAt + bounds.delay - performance.now();
        if (items.length > 0 && (ended || items.length >= bounds.size || due <= 0)) {
          const batch = items.splice(0, bounds.size);
          firstAt = performance.now();
          room.raise();
          yield batch;
        } else await change.next(signal, items.length === 0 ? undefined : due);
      }
    },
    end() {
      ended = true;
      change.raise();
    },
  };
}
