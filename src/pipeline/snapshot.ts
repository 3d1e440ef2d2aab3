import { indicatorFromArrived } from "../intel/from_stix.ts";
import type { IndicatorSet } from "../intel/indicator.ts";
import type { ThreatBusClient } from "../threatbus/client.ts";
import type { Item } from "../threatbus/messages.ts";
import { orAborted } from "../wait.ts";

/** How long a snapshot is waited for, ms. */
export interface SnapshotBounds {
  /** It is over when nothing has come for so long. */
  readonly idle: number;
  /** It is over after so long in any case; 0 is unlimited. */
  readonly maxTime: number;
}

/** What a snapshot brought. */
export interface Snapshot {
  /** Indicators received, each id once. */
  readonly received: number;
  /** Those that can't be used, by reason. */
  readonly unusable: ReadonlyMap<string, number>;
  /** Messages that could not be read, by reason. */
  readonly refused: ReadonlyMap<string, number>;
  /** What ended it if not silence: `maxTime`, or the signal. */
  readonly cut: "time" | "signal" | undefined;
}

/**
 * Takes what a bus sends after a subscription into a set, until it has been quiet
 * for a while: the protocol has no end mark.
 */
export async function takeSnapshot(
  client: Pick<ThreatBusClient, "batches" | "subscribed">,
  set: IndicatorSet,
  bounds: SnapshotBounds,
  signal: AbortSignal,
): Promise<Snapshot> {
  await orAborted(client.subscribed, signal);
  const ids = new Set<string>();
  const unusable = new Map<string, number>();
  const refused = new Map<string, number>();
  const count = (counts: Map<string, number>, reason: string) =>
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const take = (item: Item) => {
    if (item.type === "refused") return count(refused, item.reason);
    if (item.type !== "indicator") return;
    ids.add(item.id);
    if (item.update === "REMOVE") return void set.remove(item.id);
    const reading = indicatorFromArrived(item);
    if (reading.type !== "indicator") return count(unusable, reading.reason);
    const result = set.put(reading.indicator);
    // What comes again, of a bus and of an app, is used as it came first.
    if (result.type === "ignored" && !result.stale) count(unusable, result.reason);
  };
  const end = bounds.maxTime > 0 ? performance.now() + bounds.maxTime : Infinity;
  const iterator = client.batches()[Symbol.asyncIterator]();
  let cut: Snapshot["cut"];
  while (true) {
    const left = end - performance.now();
    const next = await within(iterator.next(), Math.min(bounds.idle, left), signal);
    if (next === "late") {
      // Not by the clock: a timer may go off a moment early.
      if (left < bounds.idle) cut = "time";
      if (signal.aborted) cut = "signal";
      break;
    }
    if (next.done) break;
    for (const item of next.value) take(item);
  }
  return { received: ids.size, unusable, refused, cut };
}

/** The promise's value, or `late` when the time is over or the signal aborts first. */
async function within<T>(
  promise: Promise<T>,
  ms: number,
  signal: AbortSignal,
): Promise<T | "late"> {
  const late = Promise.withResolvers<"late">();
  const giveUp = () => late.resolve("late");
  const timer = setTimeout(giveUp, Math.max(0, ms));
  signal.addEventListener("abort", giveUp, { once: true });
  if (signal.aborted) giveUp();
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", giveUp);
  }
}
