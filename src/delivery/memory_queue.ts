import { createNotice } from "../wait.ts";
import type { Queue, Queued } from "./queue.ts";
import { createSeen } from "./seen.ts";

/** Bounds of a queue in memory. */
export interface MemoryQueueOptions {
  /** Most deliveries that wait for one sink. */
  readonly capacity: number;
  /** Whether the same id is queued only once. */
  readonly dedup: boolean;
  /** Told of what is given up, since nothing keeps it. */
  readonly onDead?: (sink: string, dead: readonly Queued[], error: string) => void;
}

/** A queue without a disk (`--no-spool`): what waits in it is lost with the process. */
export function createMemoryQueue(options: MemoryQueueOptions): Queue {
  const lanes = new Map<string, Queued[]>();
  const seen = createSeen();
  const arrived = createNotice(), freed = createNotice();
  let seq = 0;
  const laneOf = (sink: string) => {
    let lane = lanes.get(sink);
    if (lane === undefined) lanes.set(sink, lane = []);
    return lane;
  };
  const drop = (sink: string, gone: readonly Queued[]) => {
    const seqs = new Set(gone.map((one) => one.seq));
    lanes.set(sink, laneOf(sink).filter((one) => !seqs.has(one.seq)));
    freed.raise();
  };
  return {
    piece: Infinity,
    async put(items, signal, also) {
      const fresh = options.dedup ? items.filter(({ id }) => seen.add(id)) : items;
      also?.(fresh);
      for (const { bodies, ...item } of fresh) {
        for (const { sink, body } of bodies) {
          while (laneOf(sink).length >= options.capacity) {
            signal.throwIfAborted();
            await freed.next(signal);
          }
          laneOf(sink).push({ ...item, body, seq: ++seq, queuedAt: Date.now(), attempts: 0 });
        }
        arrived.raise();
      }
      return fresh.length;
    },
    peek(sink, after, limit) {
      const lane = laneOf(sink);
      const from = lane.findIndex((one) => one.seq > after);
      return from < 0 ? [] : lane.slice(from, from + limit);
    },
    remove(sink, delivered) {
      drop(sink, delivered);
      return Promise.resolve();
    },
    failed(sink, tried) {
      const seqs = new Set(tried.map((one) => one.seq));
      const bump = (one: Queued) =>
        seqs.has(one.seq) ? { ...one, attempts: one.attempts + 1 } : one;
      lanes.set(sink, laneOf(sink).map(bump));
      return Promise.resolve();
    },
    bury(sink, dead, error) {
      options.onDead?.(sink, dead, error);
      drop(sink, dead);
      return Promise.resolve();
    },
    arrival: arrived.next,
    sinks: () => [...lanes].map(([sink, { length }]) => ({ sink, waiting: length })),
    waiting: (sink) => laneOf(sink).length,
    dropped: 0,
  };
}
