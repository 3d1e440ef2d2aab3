/**
 * One subscription from grant to loss. Asking for a snapshot at once would lose the
 * answers that come before the SUB socket is there (up to 37 of 200 with the real app).
 * So: learn the ports with a first subscription, listen to all topics, ask, keep what
 * comes, and only then narrow down to the topic that was granted.
 */
import { NotConnectedError } from "../errors.ts";
import { decodeReply, encodeRequest, type Grant, type ManagementRequest } from "./management.ts";
import { orAborted, sleep } from "../wait.ts";
import { createIntake, type Deliver, type Intake, type IntakeLimits } from "./intake.ts";
import type { Link, Listener, Outgoing, Publisher } from "./link.ts";

/** How to subscribe. */
export interface SessionOptions {
  readonly link: Link;
  readonly topics: readonly string[];
  readonly snapshotDays: number;
  readonly heartbeatMs: number;
  readonly requestTimeoutMs: number;
  readonly deliver: Deliver;
  /** What is kept of messages that come before it is known which are ours. */
  readonly limits: IntakeLimits;
}

/** A live subscription. */
export interface Session {
  readonly topic: string;
  /** Resolves when the broker has read the messages, rejects when the session was lost before. */
  publish(messages: Iterable<Outgoing>, signal: AbortSignal): Promise<void>;
  /** Resolves with the reason when the subscription is no longer good. */
  readonly lost: Promise<string>;
  /** When the broker was last known to serve us, ms since the epoch. */
  readonly aliveAt: number;
  /** Days of history that it was asked with. */
  readonly snapshotDays: number;
  /** Nothing came for a whole heartbeat interval, nor was waiting: the snapshot is over. */
  readonly settled: boolean;
  /** Unsubscribes, if the broker can be reached, and closes everything. Never rejects. */
  end(): Promise<void>;
}

/** Subscribes; rejects with a `NotConnectedError` that says what failed. */
export async function openSession(
  options: SessionOptions,
  signal: AbortSignal,
): Promise<Session> {
  const desk = createDesk(options);
  const open: { close(): void }[] = [];
  try {
    const first = await desk.subscribe(0, signal);
    // A firewall that swallows packets must not hold us for minutes.
    const limit = within(2 * options.requestTimeoutMs, signal);
    const listener = await limit((either) => options.link.listen(first.pubPort, either));
    open.push(listener);
    const publisher = await limit((either) => options.link.publisher(first.subPort, either));
    open.push(publisher);
    const intake = createIntake(listener, options.deliver, options.limits);
    open.push({ close: intake.end });
    const topic = await limit((either) =>
      narrow(desk, first, listener, intake, options.snapshotDays, either)
    );
    return run({ options, desk, topic, listener, publisher, intake });
  } catch (error) {
    for (const connection of open) connection.close();
    await desk.leaveAll();
    throw error;
  }
}

/** Gives each step its time; running out of it is a `NotConnectedError`. */
function within(ms: number, signal: AbortSignal) {
  return async <T>(step: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const timeout = AbortSignal.timeout(ms);
    try {
      return await step(AbortSignal.any([signal, timeout]));
    } catch (error) {
      if (signal.aborted || !timeout.aborted) throw error;
      throw new NotConnectedError(`The broker did not answer within ${ms / 1000} s`, {
        hint: "Something takes connections there: is it the management endpoint of a Threat Bus?",
      });
    }
  };
}

/** The management side: what was granted, and requests about it. */
interface Desk {
  subscribe(days: number, signal: AbortSignal): Promise<Grant>;
  /** Whether the broker still knows the topic; rejects when it can't be reached. */
  beat(topic: string, signal: AbortSignal): Promise<boolean>;
  /** Gives a topic back; problems don't matter. */
  leave(topic: string): Promise<void>;
  /** The same for all, and for what is granted while we are about to leave. */
  leaveAll(): Promise<void>;
}

function createDesk({ link, topics, requestTimeoutMs }: SessionOptions): Desk {
  const granted = new Set<string>();
  const underWay = new Set<Promise<unknown>>();
  const stop = new AbortController();
  const ask = async (request: ManagementRequest, signal: AbortSignal) => {
    const limit = within(requestTimeoutMs, signal);
    const reply = decodeReply(
      await limit((either) => link.request(encodeRequest(request), either)),
    );
    if (reply.status !== "malformed") return reply;
    throw new NotConnectedError(`The broker's answer is not Threat Bus's: ${reply.detail}`);
  };
  const grant = async (snapshotDays: number) => {
    const reply = await ask({ action: "subscribe", topics, snapshotDays }, stop.signal);
    if (reply.status !== "success" || reply.grant === undefined) {
      const answer = reply.status === "success" ? "it granted no topic" : reply.status;
      throw new NotConnectedError(
        `The broker refused the subscription to ${topics.join(", ")}: ${answer}`,
      );
    }
    granted.add(reply.grant.topic);
    return reply.grant;
  };
  const leave = async (topic: string) => {
    granted.delete(topic);
    await ask({ action: "unsubscribe", topic }, AbortSignal.timeout(requestTimeoutMs / 2))
      .catch(() => {});
  };
  return {
    subscribe: async (snapshotDays, signal) => {
      signal.throwIfAborted();
      const granting = grant(snapshotDays);
      underWay.add(granting);
      return await orAborted(granting.finally(() => underWay.delete(granting)), signal);
    },
    beat: async (topic, signal) => {
      const reply = await ask({ action: "heartbeat", topic }, signal);
      return reply.status === "success";
    },
    leave,
    leaveAll: async () => {
      const grace = setTimeout(() => stop.abort(), requestTimeoutMs / 5);
      await Promise.allSettled(underWay);
      clearTimeout(grace);
      await Promise.all([...granted].map(leave));
    },
  };
}

/** Settles on one topic; with a snapshot it is a second one, asked for while listening to all. */
async function narrow(
  desk: Desk,
  first: Grant,
  listener: Listener,
  intake: Intake,
  days: number,
  signal: AbortSignal,
): Promise<string> {
  if (days <= 0) {
    intake.accept(first.topic);
    intake.narrowed();
    listener.subscribe(first.topic);
    await listener.confirmed(signal);
    return first.topic;
  }
  listener.subscribe("");
  await listener.confirmed(signal);
  intake.expect();
  const { topic } = await desk.subscribe(days, signal);
  intake.accept(topic);
  // In this order on one connection there is no moment without a subscription.
  listener.subscribe(topic);
  listener.unsubscribe("");
  await desk.leave(first.topic);
  return topic;
}

interface Running {
  readonly options: SessionOptions;
  readonly desk: Desk;
  readonly topic: string;
  readonly listener: Listener;
  readonly publisher: Publisher;
  readonly intake: Intake;
}

function run({ options, desk, topic, listener, publisher, intake }: Running): Session {
  const stop = new AbortController();
  let aliveAt = Date.now();
  let settled = options.snapshotDays <= 0;
  const lost = Promise.withResolvers<string>();
  const gone = new AbortController();
  lost.promise.then((reason) =>
    gone.abort(new NotConnectedError(`Lost the Threat Bus: ${reason}`))
  );
  const closed = (which: string) => (fault: string | undefined) =>
    lost.resolve(`the ${which} connection was closed${fault === undefined ? "" : ` (${fault})`}`);
  intake.ended.then(closed("listening"));
  publisher.ended.then(closed("publishing"));

  // The broker takes note of the narrower subscription within a heartbeat; its next PONG comes
  // behind all that it had sent before, however long our reader takes to get there.
  let isNarrow = options.snapshotDays <= 0;
  const beat = async () => {
    for (let seen = intake.activity;;) {
      await sleep(options.heartbeatMs, stop.signal);
      if (stop.signal.aborted) return;
      const asked = Date.now();
      if (!await desk.beat(topic, stop.signal)) return lost.resolve("the broker forgot us");
      aliveAt = asked;
      settled ||= !intake.held && intake.activity === seen;
      seen = intake.activity;
      if (!isNarrow) listener.confirmed(stop.signal).then(intake.narrowed, () => {});
      isNarrow = true;
    }
  };
  beat().catch(() => lost.resolve("no answer to the heartbeat"));

  return {
    topic,
    snapshotDays: options.snapshotDays,
    lost: lost.promise,
    get aliveAt() {
      return aliveAt;
    },
    get settled() {
      return settled;
    },
    publish: (messages, signal) =>
      publisher.publish(messages, AbortSignal.any([signal, gone.signal])),
    end: async () => {
      stop.abort();
      lost.resolve("closed");
      await desk.leaveAll();
      listener.close();
      publisher.close();
      intake.end();
      await Promise.all([intake.ended, publisher.ended]);
    },
  };
}
