/** What a SUB socket reads, from before its p2p topic is known. */
import { orAborted } from "../wait.ts";
import type { Messages } from "../zmtp/mod.ts";
import { faultOf, type Listener } from "./link.ts";

/** Takes messages; a promise pushes back. */
export type Deliver = (messages: Messages, p2pTopic: string) => Promise<void> | undefined;

/** What may be kept until the topic is known, whichever comes first. */
export interface IntakeLimits {
  readonly messages: number;
  readonly bytes: number;
}

/** Reads a listener from the start; hands on only what is for the topic, once that is known. */
export interface Intake {
  /** A topic is about to be granted: what comes is kept for it. What came before is for others. */
  expect(): void;
  /** From now on messages for this topic count, those kept so far first. */
  accept(topic: string): void;
  /** What is read from now on is for our topic; other messages would be a fault of the broker. */
  narrowed(): void;
  /** Grows with each message that is handed on, and when the reader has made room for more. */
  readonly activity: number;
  /** The reader has no room: what the broker sent waits. */
  readonly held: boolean;
  /** Waits for no reader any more: what was not handed on yet is let go. */
  end(): void;
  /** Resolves when the connection is lost or closed, with what the broker did wrong, if it did. */
  readonly ended: Promise<string | undefined>;
}

/** Begins to read. While the reader, or the grant, is waited for, nothing more is read than the limits allow. */
export function createIntake(listener: Listener, deliver: Deliver, limits: IntakeLimits): Intake {
  let topic: string | undefined;
  let prefix = new Uint8Array();
  let isExpecting = false, isNarrow = false;
  let kept: Messages[] = [];
  let length = 0, size = 0;
  let activity = 0;
  let held = false;
  const stop = new AbortController();
  const granted = Promise.withResolvers<void>();
  let handedKept: Promise<void> | undefined;

  const keep = (messages: Messages) => {
    kept.push(messages);
    length += messages.length;
    size += messages.size;
  };
  const handOn = async (messages: Messages) => {
    const ours = isNarrow ? messages : messages.startingWith(prefix);
    activity += ours.length;
    const room = deliver(ours, topic!);
    if (room === undefined) return;
    held = true;
    await orAborted(room, stop.signal);
    held = false;
    activity++;
  };
  const handOnKept = async () => {
    for (const messages of kept) await handOn(messages);
    kept = [];
  };
  const read = async () => {
    for await (const messages of listener.batches()) {
      if (topic !== undefined) {
        await handedKept;
        await handOn(messages);
      } else if (isExpecting) {
        keep(messages);
        const isFull = length >= limits.messages || size >= limits.bytes;
        if (isFull) await orAborted(granted.promise, stop.signal);
      }
    }
  };
  return {
    expect: () => isExpecting = true,
    accept: (given) => {
      topic = given;
      prefix = new TextEncoder().encode(given);
      granted.resolve();
      handedKept = handOnKept();
      handedKept.catch(() => {}); // only when it is ended
    },
    narrowed: () => isNarrow = true,
    get activity() {
      return activity;
    },
    get held() {
      return held;
    },
    end: () => stop.abort(),
    ended: read().then(() => undefined, faultOf),
  };
}
