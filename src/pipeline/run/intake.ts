import { getLogger } from "@logtape/logtape";
import { indicatorFromStix } from "../../intel/from_stix.ts";
import type { Indicator, IndicatorSet } from "../../intel/indicator.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { Item } from "../../threatbus/messages.ts";
import type { IndicatorStore } from "./indicator_store.ts";

const logger = getLogger(["bridge", "intake"]);

/** Where indicators from the bus go. */
export interface IntakeOptions {
  readonly set: IndicatorSet;
  readonly store: IndicatorStore | undefined;
  readonly metrics: Metrics;
  /** Takes each new version for retro matching; holding it back holds the bus back. */
  readonly hunt: (indicator: Indicator, signal: AbortSignal) => Promise<void>;
  /** Told of each indicator that can't be used, with the reason. */
  readonly onUnusable?: (id: string, reason: string) => void;
}

/** Takes indicators in until there are no more; what can't be used is counted and told once an id. */
export async function takeIn(
  batches: AsyncIterable<readonly Item[]>,
  options: IntakeOptions,
  signal: AbortSignal,
): Promise<void> {
  for await (const batch of whileGoing(batches, signal)) {
    const { fresh, gone } = sortOut(batch, options);
    options.metrics.indicators(options.set.size);
    if (gone.length > 0) await options.store?.forget(gone);
    if (fresh.length > 0) await options.store?.keep(fresh);
    for (const indicator of fresh) await options.hunt(indicator, signal);
  }
}

/** The batches until the signal aborts, also while the next one is waited for. */
async function* whileGoing<T>(batches: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = batches[Symbol.asyncIterator]();
  const stopped = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  while (true) {
    const next = await Promise.race([iterator.next(), stopped]);
    if (next === undefined || next.done || signal.aborted) return;
    yield next.value;
  }
}

function sortOut(batch: readonly Item[], options: IntakeOptions) {
  const fresh: Indicator[] = [];
  const gone: string[] = [];
  for (const item of batch) {
    if (item.type === "refused") options.metrics.refused(item.reason);
    else if (item.type !== "indicator") continue;
    else if (item.update === "REMOVE") {
      options.metrics.indicatorRemoved();
      gone.push(item.id);
      if (!options.set.remove(item.id)) {
        logger.debug("{id} was to be removed, not held", { id: item.id });
      }
    } else {
      const indicator = admit(item, options);
      if (indicator !== undefined) fresh.push(indicator);
    }
  }
  return { fresh, gone };
}

function admit(
  { id, indicator: stix }: Extract<Item, { type: "indicator" }>,
  { set, metrics, onUnusable }: IntakeOptions,
): Indicator | undefined {
  const reading = indicatorFromStix(stix);
  if (reading.type !== "indicator") {
    metrics.refused(reading.type === "invalid" ? "invalid-indicator" : "unsupported-indicator");
    logger.warn("{id} can't be used: {reason}", { id, reason: reading.reason });
    onUnusable?.(id, reading.reason);
    return undefined;
  }
  const result = set.put(reading.indicator);
  if (result.type === "ignored") {
    logger.debug("{id} is not taken: {reason}", { id, reason: result.reason });
    return undefined;
  }
  metrics.indicatorAdded();
  return reading.indicator;
}
