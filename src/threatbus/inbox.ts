/** A bounded queue between the bus and who reads its messages. */
import type { Messages } from "../zmtp/mod.ts";

/** Messages that came together to a subscriber. */
export interface Arrival {
  readonly messages: Messages;
  /** The subscriber's p2p topic. */
  readonly topic: string;
}

/** Takes messages from one side and hands them out in batches on the other. */
export interface Inbox {
  /** Messages that wait. */
  readonly length: number;
  /** Adds messages; a promise means that the queue is full, until it resolves. */
  push(messages: Messages, topic: string): Promise<void> | undefined;
  /** All messages at hand, at most `limit`; waits for one. Empty once closed and drained. */
  take(limit: number, signal?: AbortSignal): Promise<Arrival[]>;
  /** No more messages come; what is queued can still be taken. */
  close(): void;
}

/** Makes an inbox that is full with so many messages or so many bytes of them, whichever comes first. */
export function createInbox(maxMessages: number, maxBytes: number): Inbox {
  const queue: Arrival[] = [];
  let length = 0, size = 0;
  /** Messages of the first in the queue that were taken. */
  let taken = 0;
  let closed = false;
  let reader: (() => void) | undefined;
  let writers: (() => void)[] = [];

  const isFull = () => length >= maxMessages || size >= maxBytes;
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
  const takeUpTo = (limit: number): Arrival[] => {
    const arrivals: Arrival[] = [];
    let whole = 0;
    for (let left = limit; left > 0 && whole < queue.length;) {
      const { messages, topic } = queue[whole]!;
      const part = messages.slice(taken, taken + left);
      arrivals.push({ messages: part, topic });
      left -= part.length;
      taken += part.length;
      length -= part.length;
      size -= part.size;
      if (taken < messages.length) break;
      whole++;
      taken = 0;
    }
    queue.splice(0, whole);
    return arrivals;
  };

  return {
    get length() {
      return length;
    },
    push: (messages, topic) => {
      if (closed) return undefined;
      if (messages.length > 0) queue.push({ messages, topic });
      length += messages.length;
      size += messages.size;
      reader?.();
      return isFull() ? new Promise((resolve) => writers.push(resolve)) : undefined;
    },
    take: async (limit, signal) => {
      while (length === 0 && !closed && !signal?.aborted) await arrival(signal);
      if (signal?.aborted) return [];
      const arrivals = takeUpTo(limit);
      wakeWriters();
      return arrivals;
    },
    close: () => {
      closed = true;
      reader?.();
      wakeWriters();
    },
  };
}
