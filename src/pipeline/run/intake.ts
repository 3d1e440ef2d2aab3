import { getLogger } from "@logtape/logtape";
import type { LiveMark } from "../../engines/engine.ts";
import { indicatorFromStix } from "../../intel/from_stix.ts";
import type { Indicator, IndicatorSet } from "../../intel/indicator.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { Item } from "../../threatbus/messages.ts";
import { createOnce } from "../../once.ts";
import type { IndicatorNews, IndicatorStore } from "./indicator_store.ts";

const logger = getLogger(["bridge", "intake"]);

/** A version that is looked for from now on. */
export interface FreshIndicator {
  readonly indicator: Indicator;
  /** The version before it was looked for, and looked for the same. */
  readonly samePattern: boolean;
  /** Live matching sees to what comes after this moment. */
  readonly end: LiveMark | undefined;
}

/** Where indicators from the bus go. */
export interface IntakeOptions {
  readonly set: IndicatorSet;
  readonly store: IndicatorStore | undefined;
  readonly metrics: Metrics;
  /** Takes each new version for retro matching; holding it back holds the bus back. */
  readonly hunt: (fresh: FreshIndicator, signal: AbortSignal) => Promise<void>;
  /** The moment of live matching at which indicators come into the set. */
  readonly mark?: (() => LiveMark) | undefined;
  /** Told of each version that is looked for from now on. */
  readonly onTaken?: (indicator: Indicator) => unknown;
}

/** Takes indicators in until there are no more; what can't be used is counted and told once an id. */
export async function takeIn(
  batches: AsyncIterable<readonly Item[]>,
  options: IntakeOptions,
  signal: AbortSignal,
): Promise<void> {
  const isFirst = createOnce();
  const tell = (id: string, reason: string) => {
    const level = isFirst(`${id} ${reason}`) ? "warn" : "debug";
    logger[level]("{id} can't be used: {reason}", { id, reason });
  };
  for await (const batch of whileGoing(batches, signal)) {
    const { fresh, news } = sortOut(batch, options, tell);
    options.metrics.indicators(options.set.size);
    if (news.length > 0) await options.store?.take(news);
    for (const one of fresh) await options.hunt(one, signal);
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

/** Logs that an indicator can't be used. */
type Tell = (id: string, reason: string) => void;

function sortOut(batch: readonly Item[], options: IntakeOptions, tell: Tell) {
  const end = options.mark?.();
  const fresh: FreshIndicator[] = [];
  /** What the store has to know, in order. */
  const news: IndicatorNews[] = [];
  for (const item of batch) {
    if (item.type === "refused") options.metrics.refused(item.reason);
    else if (item.type !== "indicator") continue;
    else if (item.update === "REMOVE") {
      options.metrics.indicatorRemoved();
      news.push({ type: "remove", id: item.id });
      if (!options.set.remove(item.id)) {
        logger.debug("{id} was to be removed, not held", { id: item.id });
      }
    } else {
      const admitted = admit(item, options, tell);
      if (admitted === undefined) continue;
      const { indicator, isLookedFor, samePattern } = admitted;
      // Also what is revoked or filtered out: without it a restart would bring its
      // earlier version back.
      news.push({ type: "version", indicator, isLookedFor });
      if (isLookedFor) fresh.push({ indicator, samePattern, end });
    }
  }
  return { fresh, news };
}

interface Admitted {
  readonly indicator: Indicator;
  readonly isLookedFor: boolean;
  readonly samePattern: boolean;
}

function admit(
  { id, indicator: stix }: Extract<Item, { type: "indicator" }>,
  { set, metrics, onTaken }: IntakeOptions,
  tell: Tell,
): Admitted | undefined {
  const reading = indicatorFromStix(stix);
  if (reading.type !== "indicator") {
    metrics.refused(reading.type === "invalid" ? "invalid-indicator" : "unsupported-indicator");
    tell(id, reading.reason);
    return undefined;
  }
  const { indicator } = reading;
  const result = set.put(indicator);
  if (result.type === "ignored") {
    logger.debug("{id} is not taken: {reason}", { id, reason: result.reason });
    return result.stale ? undefined : { indicator, isLookedFor: false, samePattern: false };
  }
  metrics.indicatorAdded();
  onTaken?.(indicator);
  return { indicator, isLookedFor: true, samePattern: result.samePattern === true };
}
