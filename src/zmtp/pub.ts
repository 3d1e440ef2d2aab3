import { NotConnectedError } from "../errors.ts";
import type { Connection } from "./connection.ts";
import { keepConnected } from "./connector.ts";
import { ZmtpError } from "./error.ts";
import { listen } from "./listener.ts";
import type { Message } from "./messages.ts";
import type { ConnectOptions, SocketOptions } from "./options.ts";
import { createSubscriptions } from "./subscriptions.ts";
import { createNotice, deadline, orAborted } from "../wait.ts";

/** What a publishing socket takes. */
export interface SendOptions {
  /** Most messages that wait for one peer, 1,000 unless said. */
  readonly sendHighWaterMark?: number;
  /** Most topics that one subscriber may ask for, 100,000 unless said; more costs its connection. */
  readonly maxTopics?: number;
  /** Told when a peer subscribes to or cancels a topic, as XPUB would. */
  readonly onSubscription?: (type: "subscribe" | "cancel", topic: Uint8Array) => void;
}

/** A PUB that connects (to a broker) and waits for TCP instead of dropping. */
export interface ConnectedPub {
  /**
   * Queues a message; resolves when it was taken by a connection whose peer has
   * subscribed to anything, waiting while there is none or while its queue is
   * full. The peer gets everything: its SUB filters (RFC 29), so that a message is
   * not lost that overtakes the second of the peer's subscriptions.
   */
  publish(message: Message, signal?: AbortSignal): Promise<void>;
  /** Queues without waiting; false when there is no subscribed peer or no room. */
  tryPublish(message: Message): boolean;
  /**
   * Resolves when all that was published is with the operating system.
   *
   * @throws NotConnectedError when the connection ended first: what was published
   *   since the last flush may be lost
   */
  flushed(signal?: AbortSignal): Promise<void>;
  /** Resolves when a connection is up and its peer has subscribed. */
  joined(signal?: AbortSignal): Promise<void>;
  /** Sends what is queued for at most `linger` ms (1 s unless said), then closes. */
  close(linger?: number): Promise<void>;
}

const LINGER = 1000;
const NOTHING = new Uint8Array();

/** Connects a PUB. */
export function connectPub(options: ConnectOptions & SendOptions): ConnectedPub {
  const limit = options.sendHighWaterMark ?? 1000;
  const controller = new AbortController();
  const signal = options.signal === undefined
    ? controller.signal
    : AbortSignal.any([options.signal, controller.signal]);
  const changed = createNotice();
  /** The connection whose peer has subscribed. */
  let peer: Connection | undefined;
  /** Connections that ended with messages in them, since the last `flushed`. */
  let broken = 0, published = false;

  const running = keepConnected("PUB", options, async (connection) => {
    let topics = 0;
    try {
      for await (const incoming of connection.incoming()) {
        for (const one of incoming) {
          if (one.type === "messages") continue;
          topics += one.type === "subscribe" ? 1 : -1;
          options.onSubscription?.(one.type, one.topic);
          peer = topics > 0 ? connection : undefined;
          changed.raise();
        }
      }
    } finally {
      if (peer === connection) peer = undefined;
      if (published) broken++;
      changed.raise();
    }
  }, signal);

  const either = (given: AbortSignal | undefined) =>
    given === undefined ? signal : AbortSignal.any([signal, given]);
  const joined = async (given?: AbortSignal) => {
    const ends = either(given);
    while (peer === undefined) {
      ends.throwIfAborted();
      await changed.next(ends);
    }
  };
  const tryPublish = (message: Message) => {
    if (peer === undefined || peer.sender.pending >= limit) return false;
    published = true;
    peer.sender.message(message);
    return true;
  };
  return {
    tryPublish,
    joined,
    async publish(message, given) {
      while (!tryPublish(message)) {
        const ends = either(given);
        ends.throwIfAborted();
        if (peer === undefined) await joined(ends);
        else await orAborted(peer.sender.drained(limit >> 1), ends);
      }
    },
    async flushed(given) {
      if (broken === 0 && peer !== undefined) await orAborted(peer.sender.flushed(), either(given));
      const lost = published &&
        (broken > 0 || peer === undefined || peer.sender.failure !== undefined);
      [published, broken] = [false, 0];
      if (lost) {
        throw new NotConnectedError(
          `The connection to ${options.endpoint} ended before all was sent`,
        );
      }
    },
    async close(linger = LINGER) {
      if (peer !== undefined) {
        const late = deadline(linger, signal);
        await peer.finish(late.signal);
        late.clear();
      }
      controller.abort(new DOMException("the socket was closed", "AbortError"));
      await running;
    },
  };
}

/** A PUB that binds, with a queue for each subscriber: a slow one loses messages, the others don't notice. */
export interface BoundPub {
  readonly endpoint: string;
  readonly port: number;
  /** Queues a message for all who want it, dropping it for those whose queue is full; returns how many got it. */
  publish(message: Message): number;
  /** Messages dropped for slow subscribers. */
  readonly dropped: number;
  /** Resolves when no subscriber has more than `count` messages waiting: for a publisher that would rather wait. */
  drained(count: number, signal?: AbortSignal): Promise<void>;
  /** Sends what is queued for at most `linger` ms (1 s unless said), then closes. */
  close(linger?: number): Promise<void>;
}

/** Binds a PUB. */
export function bindPub(options: SocketOptions & SendOptions): BoundPub {
  const limit = options.sendHighWaterMark ?? 1000;
  const subscriptions = createSubscriptions<Connection>();
  const connections = new Set<Connection>();
  const maxTopics = options.maxTopics ?? 100_000;
  let dropped = 0;
  const listener = listen("PUB", options, async (connection) => {
    connections.add(connection);
    let topics = 0;
    try {
      for await (const incoming of connection.incoming()) {
        for (const one of incoming) {
          if (one.type === "messages") continue;
          if (one.type === "subscribe") {
            if (subscriptions.add(connection, one.topic)) topics++;
            if (topics > maxTopics) throw new ZmtpError(`More than ${maxTopics} topics`);
          } else if (subscriptions.remove(connection, one.topic)) topics--;
          options.onSubscription?.(one.type, one.topic);
        }
      }
    } finally {
      connections.delete(connection);
      subscriptions.removeAll(connection);
    }
  });
  return {
    endpoint: listener.endpoint,
    port: listener.port,
    publish(message) {
      let count = 0;
      for (const connection of subscriptions.match(message[0] ?? NOTHING)) {
        if (connection.sender.pending >= limit) dropped++;
        else {
          connection.sender.message(message);
          count++;
        }
      }
      return count;
    },
    get dropped() {
      return dropped;
    },
    async drained(count, signal) {
      for (const connection of [...connections]) {
        await orAborted(connection.sender.drained(count), signal);
      }
    },
    async close(linger = LINGER) {
      listener.stop();
      const late = deadline(linger);
      await Promise.all([...connections].map((connection) => connection.finish(late.signal)));
      late.clear();
      await listener.close();
    },
  };
}
