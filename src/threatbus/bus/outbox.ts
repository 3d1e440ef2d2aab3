/**
 * What one subscriber is still to get. Bounded: a subscriber that reads slowly slows
 * publishers down for a while, one that does not read at all loses its oldest
 * messages, which are counted.
 */
import { createNotice } from "../../wait.ts";
import { createConnections, type Peer } from "./connections.ts";

/** What all outboxes of a bus hold together. */
export interface Budget {
  /** Takes so many more, or gives them back. */
  change(bytes: number): void;
}

/** How much an outbox holds, and how long it may stand still before it loses messages. */
export interface OutboxLimits {
  /** Bytes of messages, `OVERHEAD` for each included. */
  readonly bytes: number;
  readonly stallMs: number;
}

/** The queue of one subscriber. */
export interface Outbox {
  readonly length: number;
  /** Bytes of what is queued, with what a message costs beside its own. */
  readonly bytes: number;
  /** Messages lost because the queue was full. */
  readonly dropped: number;
  /** A SUB connection is there to take messages. */
  readonly attached: boolean;
  /** Publishers should wait: the queue is long, and it moves. */
  readonly congested: boolean;
  push(frame: Uint8Array): void;
  /** Loses its oldest messages, of so many bytes or all that there are. */
  drop(bytes: number): void;
  /** Resolves when the queue is no longer congested, stands still or is closed. */
  relief(): Promise<void>;
  /** Resolves when at most half of the queue is used, or it is closed. For what can wait for long. */
  room(): Promise<void>;
  /** The subscriber's connection: it gets what is queued and what begins with the prefix. */
  attach(peer: Peer, prefix: Uint8Array): void;
  /**
   * A connection that listens in with a shorter prefix: it gets a copy of each new
   * message unless it is busy, and never takes a queued one away from the subscriber.
   */
  observe(peer: Peer): void;
  /** Undoes one `attach`, or, without prefix, all of this connection. */
  detach(peer: Peer, prefix?: Uint8Array): void;
  close(): void;
}

/** What a queued message costs beside its bytes. */
export const OVERHEAD = 100;

/** Makes an outbox. `onDrop` is told of each message lost. */
export function createOutbox(
  limits: OutboxLimits,
  onDrop: () => void,
  budget: Budget = { change: () => {} },
): Outbox {
  let queue: Uint8Array[] = [];
  let head = 0;
  let bytes = 0;
  let dropped = 0;
  let pumping = false;
  let closed = false;
  let waiters: (() => void)[] = [];
  let patient: (() => void)[] = [];
  /** Number of messages that were ever queued. */
  let pushed = 0;
  const moved = createNotice();
  const peers = createConnections(limits.stallMs, () => {
    moved.raise();
    wake();
  });
  const observers = new Map<Peer, Observer>();

  const length = () => queue.length - head;
  const isHigh = () => bytes > limits.bytes / 2;
  const gone = (count: number) => {
    bytes -= count;
    budget.change(-count);
  };
  const congested = () => !closed && peers.size > 0 && isHigh() && !peers.stalled;
  const wake = () => {
    if (!congested()) waiters = resolveAll(waiters);
    if (closed || !isHigh()) patient = resolveAll(patient);
  };

  const shift = (): Uint8Array => {
    const frame = queue[head++]!;
    gone(frame.length + OVERHEAD);
    // Moving the rest forward only now and then keeps shifting cheap.
    if (head > 1024 && head * 2 > queue.length) {
      queue = queue.slice(head);
      head = 0;
    }
    return frame;
  };

  /** Takes away what a connection has heard by listening in. */
  const forget = ({ heard }: Observer) => {
    let number = pushed - length();
    const rest = queue.slice(head).filter((frame) => {
      const isHeard = heard.some(([from, to]) => number >= from && number < to);
      number++;
      if (!isHeard) return true;
      gone(frame.length + OVERHEAD);
      return false;
    });
    [queue, head] = [rest, 0];
  };

  const lose = () => {
    shift();
    dropped++;
    onDrop();
  };

  const pump = async () => {
    pumping = true;
    while (!closed && length() > 0 && peers.size > 0) {
      if (peers.ready) peers.send(shift());
      else await moved.next();
      if (waiters.length > 0 || patient.length > 0) wake();
    }
    pumping = false;
    wake();
  };
  const pumpOn = () => {
    if (pumping) moved.raise();
    else pump();
  };

  return {
    get length() {
      return length();
    },
    get bytes() {
      return bytes;
    },
    get dropped() {
      return dropped;
    },
    get attached() {
      return peers.size > 0;
    },
    get congested() {
      return congested();
    },
    push: (frame) => {
      if (closed) return;
      for (const [peer, observer] of observers) {
        if (!peers.has(peer)) copyTo(peer, observer, frame, pushed);
      }
      pushed++;
      queue.push(frame);
      bytes += frame.length + OVERHEAD;
      while (bytes > limits.bytes && length() > 1) lose();
      // After its own bound: the common one takes from others.
      budget.change(frame.length + OVERHEAD);
      if (!pumping) pump();
    },
    drop: (wanted) => {
      const rest = bytes - wanted;
      while (length() > 0 && bytes > rest) lose();
      wake();
    },
    relief: () => congested() ? new Promise((resolve) => waiters.push(resolve)) : Promise.resolve(),
    room: () =>
      closed || !isHigh() ? Promise.resolve() : new Promise((resolve) => patient.push(resolve)),
    attach: (peer, prefix) => {
      const isNew = peers.add(peer, prefix);
      const observer = observers.get(peer);
      // What it has heard by listening in must not come twice.
      if (isNew && observer !== undefined) forget(observer);
      pumpOn();
    },
    observe: (peer) => {
      if (!observers.has(peer)) observers.set(peer, { heard: [], busy: false });
    },
    detach: (peer, prefix) => {
      const isKnown = peers.remove(peer, prefix);
      if (prefix === undefined || !isKnown) observers.delete(peer);
      moved.raise();
      wake();
    },
    close: () => {
      closed = true;
      gone(bytes);
      queue = [];
      head = 0;
      peers.clear();
      observers.clear();
      moved.raise();
      wake();
    },
  };
}

function resolveAll(waiters: readonly (() => void)[]): (() => void)[] {
  for (const resolve of waiters) resolve();
  return [];
}

/** What is forgotten beyond so many gaps comes twice, which receivers stand. */
const MAX_RANGES = 100;

/** A connection that listens in. */
interface Observer {
  /** Which messages it got, as ranges of their numbers: from, to (not included). */
  readonly heard: [number, number][];
  busy: boolean;
}

function copyTo(peer: Peer, observer: Observer, frame: Uint8Array, number: number): void {
  if (observer.busy) return;
  const last = observer.heard.at(-1);
  if (last?.[1] === number) last[1]++;
  else observer.heard.push([number, number + 1]);
  if (observer.heard.length > MAX_RANGES) observer.heard.shift();
  const pending = peer.send(frame);
  if (pending === undefined) return;
  observer.busy = true;
  pending.then(() => observer.busy = false);
}
