import { getLogger } from "../../log.ts";
import type { LiveMark } from "../../engines/engine.ts";
import { indicatorFromArrived } from "../../intel/from_stix.ts";
import type { Indicator, IndicatorSet } from "../../intel/indicator.ts";
import { inOwnBytes } from "../../intel/received_indicator.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { IndicatorItem, Item } from "../../threatbus/messages.ts";
import { createOnce } from "../../once.ts";
import { createTurns, orAborted } from "../../wait.ts";
import type { IndicatorStore } from "./indicator_store.ts";
import { createKeeper } from "./keeper.ts";
import type { RetroTask } from "./retro_loop.ts";

const logger = getLogger(["bridge", "intake"]);

/** So many come into the set before others have a turn. */
const PIECE = 128;

/** Of fewer than one in so many the buffers that they were read to are not worth keeping. */
const SPARSE = 4;

/** A version that is looked for from now on. */
export interface FreshIndicator extends Omit<RetroTask, "before"> {
  /** The version before it was looked for, and looked for the same. */
  readonly samePattern: boolean;
}

/** Where indicators from the bus go. */
export interface IntakeOptions {
  readonly set: IndicatorSet;
  /** Keeps the objects of the set. */
  readonly store: Pick<IndicatorStore, "flush" | "revision"> | undefined;
  readonly metrics: Metrics;
  /** Takes new versions, once they are safe, for retro matching, if there is any; holding them back holds the bus back. */
  readonly hunt:
    | ((fresh: readonly FreshIndicator[], signal: AbortSignal) => Promise<void>)
    | undefined;
  /** The moment of live matching at which indicators come into the set. */
  readonly mark?: (() => LiveMark) | undefined;
  /** Told of each version that is looked for from now on. */
  readonly onTaken?: (indicator: Indicator) => unknown;
}

/** Takes indicators in until there are no more; what can't be used is counted and told once an id. */
export async function takeIn(
  batches: AsyncIterable<Iterable<Item>>,
  options: IntakeOptions,
  signal: AbortSignal,
): Promise<void> {
  const isFirst = createOnce();
  const tell = (id: string, reason: string) => {
    const level = isFirst(`${id} ${reason}`) ? "warn" : "debug";
    logger[level]("{id} can't be used: {reason}", { id, reason });
  };
  const turns = createTurns();
  const failed = new AbortController();
  const keeper = createKeeper<FreshIndicator>({
    flush: () => options.store?.flush() ?? Promise.resolve(),
    handOn: (fresh) => options.hunt!(fresh, signal),
    onFailed: () => failed.abort(),
  });
  try {
    for await (const batch of whileGoing(batches, AbortSignal.any([signal, failed.signal]))) {
      for (const piece of piecesOf(batch)) {
        await keeper.add(piece.length, sortOut(piece, options, tell));
        // Live matching has its turn.
        await turns.next();
      }
      options.metrics.indicators(options.set.size);
    }
  } finally {
    turns.end();
    await keeper.done();
  }
}

/** What is in a batch, read piece by piece. */
function* piecesOf(batch: Iterable<Item>): Generator<readonly Item[]> {
  let piece: Item[] = [];
  for (const item of batch) {
    if (piece.push(item) < PIECE) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}

/** The batches until the signal aborts, also while the next one is waited for. */
async function* whileGoing<T>(batches: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = batches[Symbol.asyncIterator]();
  while (!signal.aborted) {
    // Not a race with one promise for all: that would keep every batch.
    const next = await orAborted(iterator.next(), signal).catch((error) => {
      if (!signal.aborted) throw error;
    });
    if (next === undefined || next.done || signal.aborted) return;
    yield next.value;
  }
}

/** Logs that an indicator can't be used. */
type Tell = (id: string, reason: string) => void;

/** Puts what came into the set; gives what is to be hunted for. */
function sortOut(batch: readonly Item[], options: IntakeOptions, tell: Tell): FreshIndicator[] {
  const { set, metrics, hunt } = options;
  const end = options.mark?.();
  const fresh: FreshIndicator[] = [];
  let added = 0;
  for (const item of batch) {
    if (item.type === "refused") metrics.refused(item.reason);
    else if (item.type !== "indicator") continue;
    else if (item.update === "REMOVE") {
      metrics.indicatorRemoved();
      if (!set.remove(item.id)) {
        logger.debug("{id} was to be removed, not held", { id: item.id });
      }
    } else {
      const admitted = admit(item, options, end, tell);
      if (admitted === undefined) continue;
      added++;
      if (hunt !== undefined) fresh.push(admitted);
    }
  }
  if (added > 0) metrics.indicatorAdded(added);
  return fresh.length * SPARSE < batch.length ? fresh.map(toHold) : fresh;
}

/** For the time of a hunt, and the waiting before: without all that was read with it. */
function toHold(fresh: FreshIndicator): FreshIndicator {
  return { ...fresh, indicator: inOwnBytes(fresh.indicator) };
}

/** Takes one in; gives it if it is looked for. */
function admit(
  item: IndicatorItem,
  { set, store, metrics, onTaken }: IntakeOptions,
  end: LiveMark | undefined,
  tell: Tell,
): FreshIndicator | undefined {
  const reading = indicatorFromArrived(item);
  if (reading.type !== "indicator") {
    metrics.refused(reading.type === "invalid" ? "invalid-indicator" : "unsupported-indicator");
    tell(item.id, reading.reason);
    return undefined;
  }
  const { indicator } = reading;
  const result = set.put(indicator);
  if (result.type === "ignored") {
    logger.debug("{id} is not taken: {reason}", { id: item.id, reason: result.reason });
    return undefined;
  }
  onTaken?.(indicator);
  const { handle, samePattern = false } = result;
  return { handle, indicator, samePattern, revision: store?.revision ?? 0, end };
}
