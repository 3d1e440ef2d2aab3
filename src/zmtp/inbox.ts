import type { Message } from "./connection.ts";
import { createNotice } from "../wait.ts";

/** What is done with a message when the queue is full. */
export type WhenFull =
  /** Stop reading, so that TCP holds the sender back. */
  | "wait"
  /** Drop it and count. */
  | "drop";

/** Messages received and not yet taken, with a bound. */
export interface Inbox {
  /** Puts messages in; resolves when there is room for more. */
  put(messages: readonly Message[], signal: AbortSignal): Promise<void>;
  /** How many were dropped. */
  readonly dropped: number;
  /** All that is there, at least one, until closed. One reader at a time. */
  batches(): AsyncGenerator<readonly Message[]>;
  /** No more messages: the reader ends after those that are there. */
  close(): void;
}

/** Makes an inbox for at most `highWaterMark` messages. */
export function createInbox(highWaterMark: number, whenFull: WhenFull): Inbox {
  let queue: Message[] = [];
  let dropped = 0;
  let closed = false;
  const arrived = createNotice(), taken = createNotice();
  return {
    async put(messages, signal) {
      const room = whenFull === "drop"
        ? Math.max(0, highWaterMark - queue.length)
        : messages.length;
      for (let index = 0; index < Math.min(room, messages.length); index++) {
        queue.push(messages[index]!);
      }
      dropped += messages.length - Math.min(room, messages.length);
      arrived.raise();
      while (whenFull === "wait" && queue.length >= highWaterMark && !closed && !signal.aborted) {
        await taken.next(signal);
      }
    },
    get dropped() {
      return dropped;
    },
    async *batches() {
      while (true) {
        if (queue.length > 0) {
          const batch = queue;
          queue = [];
          taken.raise();
          yield batch;
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
