import type { Messages } from "./messages.ts";
import { createNotice } from "../wait.ts";

/** Messages received and not yet taken, with a bound. */
export interface Inbox {
  /** Puts messages in; resolves when there is room for more, so that TCP holds the sender back. */
  put(messages: Messages, signal: AbortSignal): Promise<void>;
  /** What is there, as it was put in, until closed. One reader at a time. */
  batches(): AsyncGenerator<Messages>;
  /** No more messages: the reader ends after those that are there. */
  close(): void;
}

/** Makes an inbox that has room while fewer messages than `highWaterMark` are in it. */
export function createInbox(highWaterMark: number): Inbox {
  let queue: Messages[] = [];
  let waiting = 0;
  let closed = false;
  const arrived = createNotice(), taken = createNotice();
  return {
    async put(messages, signal) {
      queue.push(messages);
      waiting += messages.length;
      arrived.raise();
      while (waiting >= highWaterMark && !closed && !signal.aborted) await taken.next(signal);
    },
    async *batches() {
      while (true) {
        if (queue.length > 0) {
          const batches = queue;
          queue = [];
          waiting = 0;
          taken.raise();
          yield* batches;
        } else if (closed) return;
        else await arrived.next();
      }
    },
    close() {
      closed = true;
      arrived.raise();
      taken.raise();
    },
  };
}
