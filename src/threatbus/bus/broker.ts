/**
 * The bus without its sockets: answers management requests, takes messages from
 * apps and queues them for those who want them.
 */
import { getLogger } from "../../log.ts";
import { type CanonicalStix, canonicalStix } from "../../stix/canonical.ts";
import {
  decodeRequest,
  encodeReply,
  type ManagementReply,
  type ReadRequest,
} from "../management.ts";
import {
  checkFrames,
  decodeEnvelope,
  encodeDelivery,
  idIn,
  LONGEST_MESSAGE,
  type Refused,
  refused,
  splitMessage,
} from "../messages.ts";
import type { Message } from "../../zmtp/mod.ts";
import { createRefusals } from "../refusals.ts";
import { PUBLISH_TOPICS } from "../topics.ts";
import type { Peer } from "./connections.ts";
import { createSnapshots } from "./snapshots.ts";
import type { BusStore } from "./store.ts";
import {
  createSubscribers,
  type Subscriber,
  type SubscriberLimits,
  type Subscribers,
} from "./subscribers.ts";

const encoder = new TextEncoder();
const logger = getLogger(["bridge", "bus"]);

/** Longest management request in bytes: its topics are kept as long as the subscriber. */
const MAX_REQUEST = 1 << 16;

/** What a broker is made of. */
export interface BrokerOptions {
  readonly store: BusStore;
  /** Ports named in grants; known once the sockets listen. */
  readonly ports: { readonly pub: number; readonly sub: number };
  readonly limits: SubscriberLimits;
  /** A subscriber without heartbeat and connection for so long is forgotten, ms. */
  readonly expiryMs: number;
  readonly now?: () => number;
}

/** What went through the bus since its start. */
export interface BusStats {
  readonly subscribers: number;
  readonly received: { readonly indicator: number; readonly sighting: number };
  /** Messages of apps that were not taken, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** Messages lost by subscribers that do not read. */
  readonly dropped: number;
  /** Subscriptions refused because there were too many. */
  readonly turnedAway: number;
}

/** The bus's inside. */
export interface Broker {
  /** Answers a management request, given as its frames; never throws. */
  manage(frames: readonly Uint8Array[]): Uint8Array<ArrayBuffer>;
  /** Takes a message of an app, given as its frames. What can't be taken is counted and logged. */
  accept(frames: Message): void;
  /** Writes to the store what was taken so far: after that kill -9 loses none of it. */
  settle(): void;
  /** Publishes an object of our own; `origin` is the file it comes from. */
  publish(stix: CanonicalStix, origin?: string): void;
  /** Waits while subscribers are behind; publishers are to wait with it. */
  relief(): Promise<void> | undefined;
  attach(peer: Peer, prefix: Uint8Array): void;
  detach(peer: Peer, prefix?: Uint8Array): boolean;
  /** Forgets dead subscribers; to be called now and then. */
  expire(): void;
  stats(): BusStats;
  close(): void;
}

/** Makes a broker over an open store. */
export function createBroker(options: BrokerOptions): Broker {
  const { store, limits, expiryMs, now = Date.now } = options;
  const counts = { indicator: 0, sighting: 0, dropped: 0, turnedAway: 0 };
  const refusals = createRefusals(logger);
  const subscribers = createSubscribers(limits, onDrop);
  const snapshots = createSnapshots(subscribers, store, now);
  const losing = new WeakSet<Subscriber>();
  let storeFails = false;

  function onDrop(subscriber: Subscriber): void {
    counts.dropped++;
    if (losing.has(subscriber)) return;
    losing.add(subscriber);
    logger.warn("Subscriber {topic} does not keep up: its oldest messages are dropped", {
      topic: subscriber.topic,
    });
  }

  /** A store that can't be written costs snapshots, not messages. */
  const keep = (write: () => void) => {
    try {
      write();
      if (storeFails) logger.info("The store can be written again");
      storeFails = false;
    } catch (error) {
      if (!storeFails) {
        logger.error("Cannot write the store, snapshots will lack messages: {reason}", {
          reason: (error as Error).message,
        });
      }
      storeFails = true;
    }
  };

  const publish = (
    { type, id, text }: CanonicalStix,
    origin?: string,
    bytes: () => Uint8Array = () => encoder.encode(text),
  ) => {
    counts[type]++;
    keep(() => {
      if (type === "indicator") store.putIndicator(id, text, now(), origin);
      else store.addSighting(text, now());
    });
    const interested = subscribers.interestedIn(PUBLISH_TOPICS[type]);
    if (interested.length === 0) return;
    const json = bytes();
    for (const { prefix, outbox } of interested) outbox.push(encodeDelivery(prefix, type, json));
  };

  const accept = (frames: Message): Refused | undefined => {
    const fault = checkFrames(frames, LONGEST_MESSAGE);
    if (fault !== undefined) return fault;
    const split = splitMessage(frames[0]!);
    if ("type" in split) return split;
    if (split.topic === PUBLISH_TOPICS.snapshotenvelope) {
      const envelope = decodeEnvelope(split.json);
      return "type" in envelope ? envelope : snapshots.answer(envelope);
    }
    if (!split.topic.startsWith("stix2/")) {
      return refused("wrong-topic", `Message on topic ${split.topic.slice(0, 40)}`);
    }
    const result = canonicalStix(split.json, "bus", now);
    if (!result.ok) return refused(result.fault.reason, result.fault.detail, idIn(split.json));
    const { text } = result.value;
    // Most apps write as stix2 does: their bytes go on as they are (ASCII, so one a letter).
    if (text === split.json) {
      publish(result.value, undefined, () => frames[0]!.subarray(-text.length));
    } else publish(result.value);
    return undefined;
  };

  const reply = (request: ReadRequest): Exclude<ManagementReply, { status: "malformed" }> => {
    switch (request.action) {
      case "subscribe":
        return subscribe(request.topics, request.snapshotDays);
      case "unsubscribe":
        return { status: end(request.topic) ? "success" : "error" };
      case "heartbeat":
        return { status: touch(subscribers, request.topic, now()) ? "success" : "error" };
      case "error":
        logger.debug("Bad management request: {detail}", { detail: request.detail });
        return { status: "error" };
      case "unknown":
        return { status: "unknown request" };
    }
  };

  const subscribe = (topics: readonly string[], days: number) => {
    const subscriber = subscribers.add(topics, now());
    if (subscriber === undefined) {
      counts.turnedAway++;
      logger.warn("Refused a subscription to {topics}: there are {count} subscribers already", {
        topics: shown(topics),
        count: subscribers.size,
      });
      return { status: "error" } as const;
    }
    if (days > 0) snapshots.request(subscriber, days);
    logger.info("Subscribed {topics} with {days} days of snapshot as {topic}", {
      topics: shown(topics),
      days,
      topic: subscriber.topic,
    });
    const { topic } = subscriber;
    const { pub: pubPort, sub: subPort } = options.ports;
    return { status: "success", grant: { topic, pubPort, subPort } } as const;
  };

  const end = (topic: string): boolean => {
    const subscriber = subscribers.get(topic);
    if (subscriber === undefined) return false;
    snapshots.forget(subscriber);
    return subscribers.remove(topic);
  };

  return {
    manage: (frames) => {
      // The real broker's management dies of a second frame; here it is an error like others.
      if (frames.length !== 1 || frames[0]!.length > MAX_REQUEST) {
        return encodeReply({ status: "error" });
      }
      return encodeReply(reply(decodeRequest(frames[0]!)));
    },
    accept: (frames) => {
      const fault = accept(frames);
      if (fault !== undefined) refusals.add(fault);
    },
    settle: () => {
      // Nothing to commit would look as if it could be written again.
      if (!storeFails) keep(store.commit);
    },
    publish: (stix, origin) => publish(stix, origin),
    relief: () => relief(subscribers),
    attach: (peer, prefix) => subscribers.attach(peer, prefix),
    detach: (peer, prefix) => subscribers.detach(peer, now(), prefix),
    expire: () => {
      for (const subscriber of subscribers.expire(now() - expiryMs)) {
        snapshots.forget(subscriber);
        logger.info("Subscriber {topic} is gone: no heartbeat", { topic: subscriber.topic });
      }
    },
    stats: () => ({
      subscribers: subscribers.size,
      received: { indicator: counts.indicator, sighting: counts.sighting },
      refused: refusals.counts(),
      dropped: counts.dropped,
      turnedAway: counts.turnedAway,
    }),
    close: () => {
      for (const { topic } of [...subscribers.all()]) end(topic);
    },
  };
}

/** Topics for the log; whoever subscribes may name many, and long ones. */
function shown(topics: readonly string[]): string {
  const text = topics.join(", ");
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}

function touch(subscribers: Subscribers, topic: string, now: number): boolean {
  const subscriber = subscribers.get(topic);
  if (subscriber) subscriber.lastSeen = now;
  return subscriber !== undefined;
}

function relief(subscribers: Subscribers): Promise<void> | undefined {
  const behind: Promise<void>[] = [];
  for (const { outbox } of subscribers.all()) {
    if (outbox.congested) behind.push(outbox.relief());
  }
  return behind.length === 0 ? undefined : Promise.all(behind).then(() => undefined);
}
