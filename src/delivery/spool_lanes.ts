import type { Queued } from "./queue.ts";

/** What waits for a sink, in number and bytes of bodies. */
export interface Waiting {
  readonly sink: string;
  readonly count: number;
  readonly bytes: number;
}

/**
 * What a spool knows of itself without asking the disk: how much waits for whom, and,
 * for sinks that keep up, the deliveries themselves, so that they need not be read back.
 */
export interface Lanes {
  /** Bytes of bodies that wait, over all sinks. */
  readonly size: number;
  of(sink: string): Omit<Waiting, "sink">;
  /** The sink for which most bytes wait, if any. */
  readonly fullest: string | undefined;
  /** They have been put behind what waits. */
  added(sink: string, fresh: readonly Queued[]): void;
  /** These have left. */
  left(sink: string, gone: readonly { readonly seq: number; readonly bytes: number }[]): void;
  /** All that waits, with what changed since they were put; undefined when only the disk knows. */
  held(sink: string): readonly Queued[] | undefined;
  /** Whether more than so many bytes wait, all held, for some sink. */
  isCatchingUp(bytes: number): boolean;
  /** The deliveries of a sink are no longer as they were put. */
  changed(sink: string): void;
  /** Begins anew with what was counted on disk. */
  reset(waiting: readonly Waiting[]): void;
}

interface Lane {
  count: number;
  bytes: number;
  /** All that waits, in order, or undefined. */
  held: Queued[] | undefined;
}

/** Makes lanes that hold deliveries of so many bytes at most for each sink. */
export function createLanes(most: number): Lanes {
  const lanes = new Map<string, Lane>();
  let size = 0;
  const laneOf = (sink: string): Lane => {
    let lane = lanes.get(sink);
    if (lane === undefined) lanes.set(sink, lane = { count: 0, bytes: 0, held: [] });
    return lane;
  };
  return {
    get size() {
      return size;
    },
    of: (sink) => lanes.get(sink) ?? { count: 0, bytes: 0 },
    get fullest() {
      let fullest: string | undefined, bytes = 0;
      for (const [sink, lane] of lanes) {
        if (lane.bytes > bytes) [fullest, bytes] = [sink, lane.bytes];
      }
      return fullest;
    },
    added(sink, fresh) {
      const lane = laneOf(sink);
      const bytes = fresh.reduce((sum, { body }) => sum + body.length, 0);
      // Whoever has nothing waiting has caught up.
      if (lane.count === 0) lane.held = [];
      lane.count += fresh.length;
      lane.bytes += bytes;
      size += bytes;
      if (lane.bytes > most) lane.held = undefined;
      else for (const one of fresh) lane.held?.push(one);
    },
    left(sink, gone) {
      const lane = laneOf(sink);
      const bytes = gone.reduce((sum, { bytes }) => sum + bytes, 0);
      lane.count -= gone.length;
      lane.bytes -= bytes;
      size -= bytes;
      if (lane.held === undefined) return;
      // Most leave in the order in which they came.
      if (gone.every(({ seq }, at) => lane.held![at]?.seq === seq)) {
        lane.held.splice(0, gone.length);
      } else {
        const seqs = new Set(gone.map(({ seq }) => seq));
        lane.held = lane.held.filter(({ seq }) => !seqs.has(seq));
      }
    },
    held: (sink) => laneOf(sink).held,
    isCatchingUp: (bytes) =>
      [...lanes.values()].some((lane) => lane.held !== undefined && lane.bytes > bytes),
    changed(sink) {
      laneOf(sink).held = undefined;
    },
    reset(waiting) {
      lanes.clear();
      for (const { sink, count, bytes } of waiting) {
        lanes.set(sink, { count, bytes, held: count === 0 ? [] : undefined });
      }
      size = waiting.reduce((sum, { bytes }) => sum + bytes, 0);
    },
  };
}
