/** Who is subscribed to what, and over which connections it gets it. */
import { P2P_LENGTH, randomP2pTopic } from "../topics.ts";
import type { Peer } from "./connections.ts";
import { type Budget, createOutbox, type Outbox, type OutboxLimits } from "./outbox.ts";

/** The part of `totalBytes` that is made free once it is used up. */
const ROOM = 1 / 32;

/** A longer prefix is no p2p topic: it leads to nobody and is not kept. */
const LONGEST_PREFIX = 512;

/** A prefix that a connection asked for, so many times more than it cancelled it. */
interface Wanted {
  readonly prefix: Uint8Array;
  readonly count: number;
}

/** One granted subscription. */
export interface Subscriber {
  /** The p2p topic, which is its name. */
  readonly topic: string;
  /** The same as bytes, with which its messages begin. */
  readonly prefix: Uint8Array;
  /** The human topics, prefixes of `stix2/indicator` and `stix2/sighting`. */
  readonly topics: readonly string[];
  readonly outbox: Outbox;
  /** When it was last heard of, ms since the epoch. */
  lastSeen: number;
}

/** All subscribers, and the prefixes that connections asked for. */
export interface Subscribers {
  readonly size: number;
  /** Undefined when there are as many as there may be. */
  add(topics: readonly string[], now: number): Subscriber | undefined;
  get(topic: string): Subscriber | undefined;
  remove(topic: string): boolean;
  all(): Iterable<Subscriber>;
  /** Those whose topics are prefixes of a human topic; each once, however many of them match. */
  interestedIn(topic: string): readonly Subscriber[];
  /** A connection asks for messages with a prefix. */
  attach(peer: Peer, prefix: Uint8Array): void;
  /** It no longer wants a prefix, or (without) is gone; tells whether it had asked for it. */
  detach(peer: Peer, now: number, prefix?: Uint8Array): boolean;
  /** Removes those that were not heard of since and have no connection; returns them. */
  expire(since: number): Subscriber[];
}

/** How many subscribers there may be, and what each and all of them may hold. */
export interface SubscriberLimits extends OutboxLimits {
  readonly subscribers: number;
  /** Bytes that wait for all of them together. */
  readonly totalBytes: number;
}

/** Makes an empty registry. `onDrop` is told when a subscriber loses a message. */
export function createSubscribers(
  limits: SubscriberLimits,
  onDrop: (subscriber: Subscriber) => void,
): Subscribers {
  let total = 0;
  const byTopic = new Map<string, Subscriber>();
  const interested = new Map<string, readonly Subscriber[]>();
  /** Prefixes of connections that may concern subscribers to come. */
  const prefixes = new Map<Peer, Map<string, Wanted>>();

  const concerned = function* (prefix: Uint8Array): Generator<Subscriber> {
    const text = asciiOf(prefix);
    const exact = byTopic.get(text.slice(0, P2P_LENGTH));
    if (exact) yield exact;
    if (text.length >= P2P_LENGTH) return;
    for (const subscriber of byTopic.values()) {
      if (subscriber.topic.startsWith(text)) yield subscriber;
    }
  };

  const budget: Budget = {
    change(bytes) {
      total += bytes;
      if (bytes > 0 && total > limits.totalBytes) makeRoom();
    },
  };
  /** Takes from those for whom most waits, a part at once: finding them takes a look at all. */
  const makeRoom = () => {
    const enough = limits.totalBytes * (1 - ROOM);
    while (total > enough) {
      let [fullest] = byTopic.values();
      for (const one of byTopic.values()) {
        if (one.outbox.bytes > (fullest?.outbox.bytes ?? 0)) fullest = one;
      }
      if (fullest === undefined || fullest.outbox.length === 0) return;
      fullest.outbox.drop(Math.min(fullest.outbox.bytes, total - enough));
    }
  };

  const remove = (topic: string): boolean => {
    const subscriber = byTopic.get(topic);
    if (subscriber === undefined) return false;
    byTopic.delete(topic);
    interested.clear();
    subscriber.outbox.close();
    return true;
  };

  return {
    get size() {
      return byTopic.size;
    },
    add: (topics, now) => {
      if (byTopic.size >= limits.subscribers) return undefined;
      const outbox = createOutbox(limits, () => onDrop(subscriber), budget);
      const topic = randomP2pTopic();
      const prefix = new TextEncoder().encode(topic);
      const subscriber: Subscriber = { topic, prefix, topics, outbox, lastSeen: now };
      byTopic.set(topic, subscriber);
      interested.clear();
      for (const [peer, list] of prefixes) {
        for (const { prefix, count } of list.values()) {
          if (!concerns(prefix, topic)) continue;
          for (let time = 0; time < count; time++) join(subscriber, peer, prefix);
        }
      }
      return subscriber;
    },
    get: (topic) => byTopic.get(topic),
    remove,
    all: () => byTopic.values(),
    interestedIn: (topic) => {
      let list = interested.get(topic);
      if (list === undefined) {
        list = [...byTopic.values()].filter((subscriber) =>
          subscriber.topics.some((prefix) => topic.startsWith(prefix))
        );
        interested.set(topic, list);
      }
      return list;
    },
    attach: (peer, prefix) => {
      if (prefix.length > LONGEST_PREFIX) return;
      const list = prefixes.get(peer) ?? new Map<string, Wanted>();
      prefixes.set(peer, list);
      const count = 1 + (list.get(asciiOf(prefix))?.count ?? 0);
      list.set(asciiOf(prefix), { prefix, count });
      for (const subscriber of concerned(prefix)) join(subscriber, peer, prefix);
    },
    detach: (peer, now, prefix) => {
      const list = prefixes.get(peer);
      if (list === undefined) return false;
      const leave = ({ prefix }: Wanted) => {
        for (const subscriber of concerned(prefix)) {
          subscriber.outbox.detach(peer, prefix);
          subscriber.lastSeen = Math.max(subscriber.lastSeen, now);
        }
      };
      if (prefix === undefined) {
        for (const wanted of list.values()) {
          for (let time = 0; time < wanted.count; time++) leave(wanted);
        }
        return prefixes.delete(peer);
      }
      if (prefix.length > LONGEST_PREFIX) return false;
      const wanted = list.get(asciiOf(prefix));
      if (wanted === undefined) return false;
      leave(wanted);
      if (wanted.count > 1) list.set(asciiOf(prefix), { ...wanted, count: wanted.count - 1 });
      else list.delete(asciiOf(prefix));
      return true;
    },
    expire: (since) => {
      const dead = [...byTopic.values()].filter((subscriber) =>
        subscriber.lastSeen < since && !subscriber.outbox.attached
      );
      for (const subscriber of dead) remove(subscriber.topic);
      return dead;
    },
  };
}

/** A prefix that names the subscriber is its own connection; a shorter one listens in. */
function join(subscriber: Subscriber, peer: Peer, prefix: Uint8Array): void {
  if (prefix.length >= P2P_LENGTH) subscriber.outbox.attach(peer, prefix);
  else subscriber.outbox.observe(peer);
}

/** Whether messages to the p2p topic may begin with the prefix. */
function concerns(prefix: Uint8Array, topic: string): boolean {
  const text = asciiOf(prefix);
  return text.length >= P2P_LENGTH ? text.startsWith(topic) : topic.startsWith(text);
}

/** Bytes as characters, one each. */
function asciiOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
