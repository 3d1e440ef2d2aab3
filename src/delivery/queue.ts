import type { Delivery } from "../../sinks/sink.ts";

/** A match on its way: one body for each sink that is to have it. */
export interface QueueItem {
  /** Stable over restarts; the same id is queued only once. */
  readonly id: string;
  readonly ioc: string;
  readonly matchType: Delivery["matchType"];
  readonly indicatorId: string;
  readonly bodies: readonly { readonly sink: string; readonly body: Uint8Array }[];
}

/** A delivery that waits for one sink. */
export interface Queued extends Delivery {
  /** Its place in the queue; grows. */
  readonly seq: number;
  /** When it was queued, ms since the epoch. */
  readonly queuedAt: number;
  /** Failed tries so far. */
  readonly attempts: number;
}

/** What waits for sinks, each with its own place; in memory or on disk. */
export interface Queue {
  /** Bytes of bodies that are best put in one piece: much together, and little beside its bound. */
  readonly piece: number;
  /**
   * Queues items that were not queued before, all or (on an error) none; resolves
   * with the number of new ones when they are safe. Waits while the queue is full.
   * `also` is called with the new ones, inside the same transaction where there is one.
   *
   * @throws the signal's reason when it aborts while waiting for room
   */
  put<Item extends QueueItem>(
    items: readonly Item[],
    signal: AbortSignal,
    also?: (fresh: readonly Item[]) => void,
  ): Promise<number>;
  /** The oldest for a sink behind `after`, at most `limit`; empty when there are none. */
  peek(sink: string, after: number, limit: number): readonly Queued[];
  /** They have arrived. */
  remove(sink: string, delivered: readonly Queued[]): Promise<void>;
  /** They failed once more. */
  failed(sink: string, tried: readonly Queued[]): Promise<void>;
  /** They are given up. */
  bury(sink: string, dead: readonly Queued[], error: string): Promise<void>;
  /** Resolves when something was put or the signal aborts; now and then without reason. */
  arrival(signal: AbortSignal): Promise<void>;
  /** Sinks that something waits for, named by the configuration now or not. */
  sinks(): readonly { readonly sink: string; readonly waiting: number }[];
  /** Number waiting for a sink. */
  waiting(sink: string): number;
  /** Deliveries dropped because the queue was full. */
  readonly dropped: number;
}

/** What happens when the queue is full. */
export type WhenFull = "block" | "drop-oldest";
