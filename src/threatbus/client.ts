/**
 * A Threat Bus app: stays subscribed whatever happens to the broker, hands out
 * what comes and publishes what is given to it.
 */
import { getLogger } from "../log.ts";
import { backoff } from "../backoff.ts";
import { BridgeError, NotConnectedError } from "../errors.ts";
import { createNotice, orAborted, sleep } from "../wait.ts";
import type { Message } from "../zmtp/mod.ts";
import { type Arrival, createInbox } from "./inbox.ts";
import type { Link } from "./link.ts";
import { checkFrames, decodeDelivery, type Item, LONGEST_MESSAGE } from "./messages.ts";
import { createRefusals } from "./refusals.ts";
import {
  createHolder,
  encodeOnce,
  type IsReady,
  type Publishable,
  send,
  type Unsent,
} from "./outgoing.ts";
import { openSession, type Session } from "./session.ts";

const logger = getLogger(["bridge", "threatbus"]);

/** How the client stands to the broker. */
export type ClientState =
  | { readonly type: "connecting" }
  /** The broker serves us; `again` after a loss. `snapshotDays` of history were asked for. */
  | {
    readonly type: "subscribed";
    readonly topic: string;
    readonly snapshotDays: number;
    readonly again: boolean;
  }
  /** The subscription is no longer good; it is being renewed. */
  | { readonly type: "lost"; readonly reason: string }
  /** The broker can't be reached; told once, and again when the reason changes. */
  | { readonly type: "unreachable"; readonly reason: string }
  | { readonly type: "closed" };

/** Settings of a client. */
export interface ClientOptions {
  /** Connections to the broker's host, see `zmqLink`. */
  readonly link: Link;
  /** Where that is, for logs. */
  readonly endpoint: string;
  /** Human topics, prefixes of `stix2/indicator` and `stix2/sighting`. */
  readonly topics: readonly string[];
  /** Days of history to ask for; 0 is none. After a loss at least what covers the time away. */
  readonly snapshotDays: number;
  /** A failure of the first subscription ends the client instead of being tried again. */
  readonly failFast?: boolean;
  /** Told of each change of state. */
  readonly onState?: (state: ClientState) => void;
  /** Default 5,000 ms each. */
  readonly heartbeatMs?: number;
  readonly requestTimeoutMs?: number;
  /** Messages held for the reader before the broker is made to wait; default 100,000 or 32 MiB. */
  readonly queueMessages?: number;
  readonly queueBytes?: number;
  /** A larger message is refused unread; default 16 MiB. */
  readonly maxMessageBytes?: number;
  /**
   * After a resubscription the snapshot is asked for once more, so much later, ms: after
   * a broker's restart the apps that answer it may come back later than we. Default 15,000.
   */
  readonly askAgainMs?: number;
  /** Longest wait between attempts to reach the broker, ms; default 10,000. */
  readonly maxBackoffMs?: number;
}

/** What went through a client. */
export interface ClientStats {
  readonly received: { readonly indicator: number; readonly sighting: number };
  readonly published: number;
  readonly refused: Readonly<Record<string, number>>;
  /** Times that the subscription had to be renewed. */
  readonly resubscribed: number;
  /** Messages that wait for the reader. */
  readonly queued: number;
}

/** An app on the bus. */
export interface ThreatBusClient {
  readonly state: ClientState;
  /** Resolves when the state has changed, the signal aborts or so many ms have passed. */
  changed(signal: AbortSignal, within?: number): Promise<void>;
  /** Resolves at the first subscription; rejects when the client ends before. */
  readonly subscribed: Promise<void>;
  /** What comes, as it is taken; one reader. Ends when the client is closed. */
  items(): AsyncGenerator<Item, void, void>;
  /** The same in batches of what is at hand, at most `limit`; each is to be read once, at once. */
  batches(limit?: number): AsyncGenerator<Iterable<Item>, void, void>;
  /**
   * Publishes STIX objects in order; those that are `ready` go out unchecked. Resolves when
   * the broker has read all of them while it served us; over a loss they are sent
   * anew, so the broker may see some twice. Resolves with those that are not valid
   * STIX, which are not sent. Rejects when the signal aborts or the client is closed.
   */
  publish(
    stix: readonly Publishable[],
    signal: AbortSignal,
    isReady?: IsReady,
  ): Promise<readonly Unsent[]>;
  stats(): ClientStats;
  /** Unsubscribes and ends everything; what was received can still be read. */
  close(): Promise<void>;
}

/** A subscription that is lost within this time again is not renewed at once. */
const QUICK_MS = 10_000;

/** Starts a client; it works until it is closed or the signal aborts. */
export function createClient(options: ClientOptions, signal: AbortSignal): ThreatBusClient {
  const { maxMessageBytes = LONGEST_MESSAGE, queueMessages = 100_000, queueBytes = 1 << 25 } =
    options;
  const stop = new AbortController();
  const alive = AbortSignal.any([signal, stop.signal]);
  const inbox = createInbox(queueMessages, queueBytes);
  const counts = { indicator: 0, sighting: 0, published: 0, resubscribed: 0 };
  const refusals = createRefusals(logger);
  const first = Promise.withResolvers<void>();
  first.promise.catch(() => {}); // whoever waits for it hears of it
  const holder = createHolder();
  const changes = createNotice();
  let state: ClientState = { type: "connecting" };

  const enter = (next: ClientState) => {
    state = next;
    logState(options.endpoint, next);
    options.onState?.(next);
    changes.raise();
  };

  const decode = (message: Message, topic: string): Item =>
    checkFrames(message, maxMessageBytes) ?? decodeDelivery(message[0]!, topic);
  const count = (item: Item) => {
    if (item.type === "refused") refusals.add(item);
    else if (item.type !== "snapshotrequest") counts[item.type]++;
    return item;
  };

  const pause = async (attempt: number) => {
    const maximum = options.maxBackoffMs ?? 10_000;
    await sleep(backoff(attempt, { initial: 250, maximum }), alive);
    alive.throwIfAborted();
  };
  /** The days are asked for at each attempt: the time away grows while the broker can't be reached. */
  const connect = async (days: () => number): Promise<Session> => {
    const { heartbeatMs = 5000, requestTimeoutMs = 5000 } = options;
    const { link, topics } = options;
    const settings = {
      link,
      topics,
      heartbeatMs,
      requestTimeoutMs,
      deliver: inbox.push,
      limits: { messages: queueMessages, bytes: queueBytes },
    };
    for (let attempt = 0;; attempt++) {
      try {
        return await openSession({ ...settings, snapshotDays: days() }, alive);
      } catch (error) {
        if (alive.aborted || (options.failFast && state.type === "connecting")) throw error;
        const reason = (error as Error).message;
        if (state.type !== "unreachable" || state.reason !== reason) {
          enter({ type: "unreachable", reason });
        }
        await pause(attempt);
      }
    }
  };

  const start = async (days: () => number, again: boolean): Promise<Session> => {
    const session = await connect(days);
    holder.set(session);
    const { topic, snapshotDays } = session;
    enter({ type: "subscribed", topic, snapshotDays, again });
    first.resolve();
    return session;
  };

  /** Sessions that are being ended; none is left behind when the client closes. */
  const ending = new Set<Promise<void>>();
  const end = (session: Session) => {
    const ended = session.end();
    ending.add(ended);
    ended.then(() => ending.delete(ended));
  };

  const supervise = async () => {
    let session = await start(() => options.snapshotDays, false);
    let since = performance.now(), quickLosses = 0;
    for (let askAgain = false;;) {
      const old: Session = session;
      let isLost = false;
      const lost = old.lost.then((reason) => (isLost = true, reason));
      const events: Promise<string | undefined>[] = [lost];
      if (askAgain) events.push(timer(options.askAgainMs ?? 15_000, alive));
      try {
        const news = await orAborted(Promise.race(events), alive);
        alive.throwIfAborted();
        if (news !== undefined) {
          counts.resubscribed++;
          enter({ type: "lost", reason: news });
          end(old);
          // What breaks each subscription anew must not make us ask for snapshots without a pause.
          if (performance.now() - since >= QUICK_MS) quickLosses = 0;
          if (quickLosses++ > 0) await pause(quickLosses);
          since = performance.now();
        }
        // A subscription with a snapshot takes the old one's place; for a moment both deliver.
        const least = news === undefined ? old.snapshotDays : 0;
        session = await start(() => Math.max(least, daysToCover(old)), true);
        askAgain = isLost;
      } finally {
        end(old); // twice is as good as once
      }
    }
  };

  const running = supervise().catch((error) => {
    if (!alive.aborted) first.reject(error);
    if (!alive.aborted) stop.abort(error);
  }).finally(async () => {
    first.reject(new NotConnectedError("Closed before Threat Bus was reached"));
    await Promise.all(ending);
    holder.close();
    inbox.close();
    enter({ type: "closed" });
  });

  async function* batches(limit = 1000): AsyncGenerator<Iterable<Item>, void, void> {
    for (;;) {
      const arrivals = await inbox.take(limit);
      if (arrivals.length === 0) return;
      yield decoded(arrivals);
    }
  }
  // One by one: what is made of a message is garbage before the next one is read.
  function* decoded(arrivals: readonly Arrival[]): Generator<Item, void, void> {
    for (const { messages, topic } of arrivals) {
      for (const message of messages) yield count(decode(message, topic));
    }
  }
  async function* items(): AsyncGenerator<Item, void, void> {
    for await (const batch of batches()) yield* batch;
  }

  let turn: Promise<unknown> = Promise.resolve();
  const publish: ThreatBusClient["publish"] = (stix, signal, isReady = () => false) => {
    const outgoing = encodeOnce(stix, isReady);
    const either = AbortSignal.any([signal, alive]);
    const sent = turn.catch(() => {}).then(async () => {
      await send(holder, outgoing.messages, either);
      counts.published += stix.length - outgoing.faults.length;
      return outgoing.faults;
    });
    turn = sent;
    return sent;
  };

  return {
    get state() {
      return state;
    },
    changed: changes.next,
    subscribed: first.promise,
    items,
    batches,
    publish,
    stats: () => ({
      received: { indicator: counts.indicator, sighting: counts.sighting },
      published: counts.published,
      refused: refusals.counts(),
      resubscribed: counts.resubscribed,
      queued: inbox.length,
    }),
    close: async () => {
      stop.abort(new BridgeError("The Threat Bus client was closed"));
      await running;
    },
  };
}

/** The days to ask for after a loss: the time away; all of it again if the answer was cut off. */
function daysToCover({ aliveAt, settled, snapshotDays }: Session): number {
  const away = Math.ceil((Date.now() - aliveAt) / 86_400_000);
  return Math.max(1, away, settled ? 0 : snapshotDays);
}

/** Resolves with nothing after a while, or when the signal aborts. */
async function timer(ms: number, signal: AbortSignal): Promise<undefined> {
  await sleep(ms, signal);
  return undefined;
}

function logState(endpoint: string, state: ClientState): void {
  switch (state.type) {
    case "subscribed":
      return logger.info("Subscribed at Threat Bus {endpoint}, asked for {days} days of history", {
        endpoint,
        days: state.snapshotDays,
      });
    case "lost":
      return logger.warn("Lost Threat Bus {endpoint}: {reason}; subscribing again", {
        endpoint,
        reason: state.reason,
      });
    case "unreachable":
      return logger.warn("Not subscribed at Threat Bus {endpoint}: {reason}; trying again", {
        endpoint,
        reason: state.reason,
      });
    case "connecting":
    case "closed":
      return;
  }
}
