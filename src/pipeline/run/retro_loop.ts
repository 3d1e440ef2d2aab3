import { getLogger } from "../../log.ts";
import { backoff } from "../../backoff.ts";
import type {
  Engine,
  Extents,
  LiveMark,
  Match,
  RetroQuery,
  Trouble,
} from "../../engines/engine.ts";
import { NotConnectedError } from "../../errors.ts";
import type { Indicator, IndicatorSet } from "../../intel/indicator.ts";
import type { Handle } from "../../match/set.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import { createOnce } from "../../once.ts";
import { sleep } from "../../wait.ts";
import type { Gatherer } from "../gather.ts";
import { hunt, type HuntResult } from "../hunt.ts";

const logger = getLogger(["bridge", "retro"]);

/** An indicator whose past is to be searched. */
export interface RetroTask {
  /** The one under which the indicator is held. */
  readonly handle: Handle;
  readonly indicator: Indicator;
  /** The store's when the indicator was this one; 0 without a store. */
  readonly revision: number;
  /** Where its past ends: live matching sees to what comes after. */
  readonly end?: LiveMark | undefined;
  /** What was searched for it before. */
  readonly before?: SearchedBefore | undefined;
}

/** The part of the past that was searched before, and is left out. */
export interface SearchedBefore {
  /** All before this instant, ms since the epoch. */
  readonly since?: number;
  /** So much of each log. */
  readonly searched?: Extents;
}

/** How retro matching goes on. */
export interface RetroLoopOptions {
  readonly engine: Engine;
  readonly tasks: Gatherer<RetroTask>;
  /** What is held now: tasks whose indicator was removed meanwhile are left out. */
  readonly holds: (handle: Handle, indicator: Indicator) => boolean;
  /** Makes the set of one hunt, for so many indicators. */
  readonly createSet: (count: number) => IndicatorSet;
  readonly maxEvents: number;
  /** Longest time for one hunt, ms; 0 is unlimited. */
  readonly timeout: number;
  readonly report: (matches: readonly Match[], signal: AbortSignal) => Promise<void>;
  /** Told when the past was searched for a batch, with how far the logs were if nobody follows them. */
  readonly onDone?: (batch: readonly RetroTask[], searched?: Extents) => Promise<void>;
  readonly metrics: Metrics;
}

/** Hunts for batches of new indicators, one after the other, until there are no more. */
export async function retroLoop(options: RetroLoopOptions, signal: AbortSignal): Promise<void> {
  const hunting = { ...options, tell: createTroubleTeller() };
  for await (const batch of options.tasks.batches(signal)) {
    const wanted = batch.filter(({ handle, indicator }) => options.holds(handle, indicator));
    for (const group of Map.groupBy(wanted, ({ before }) => before).values()) {
      options.metrics.retroBacklog(options.tasks.waiting + group.length);
      await huntUntilDone(group, hunting, signal);
      if (signal.aborted) return;
    }
    options.metrics.retroBacklog(options.tasks.waiting);
  }
}

/** Tries of a hunt that fails though the telemetry is there; then it is left for the next start. */
const TRIES = 5;

/** All that a hunt needs. */
interface Hunting extends RetroLoopOptions {
  readonly tell: (trouble: Trouble) => void;
}

/** A hunt that fails because the telemetry is away is taken up again when it is back. */
async function huntUntilDone(
  group: readonly RetroTask[],
  options: Hunting,
  signal: AbortSignal,
): Promise<void> {
  const question = questionOf(group, options);
  let failures = 0;
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      const { whole, searched } = await huntOnce(question, options, signal);
      if (whole) await options.onDone?.(group, searched);
      return;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof NotConnectedError) {
        if (attempt === 0) logger.warn("Retro matching waits: {error}", { error });
      } else {
        logger.error("Retro matching of {count} indicators failed: {error}", {
          count: group.length,
          error,
        });
        if (++failures >= TRIES) return;
      }
      await sleep(backoff(attempt, { initial: 500, maximum: 30_000 }), signal);
    }
  }
}

/** One query for tasks that have the same part of the past behind them. */
function questionOf(
  group: readonly RetroTask[],
  { createSet, maxEvents }: RetroLoopOptions,
): RetroQuery {
  const indicators = createSet(group.length);
  const ends = new Map<Handle, LiveMark>();
  for (const { indicator, end } of group) {
    const result = indicators.put(indicator);
    if (result.type === "ignored") continue;
    // Of two versions the later one is searched, as far as either asks for.
    if (end === undefined) ends.delete(result.handle);
    else ends.set(result.handle, end);
  }
  return {
    indicators,
    maxEvents,
    ...(ends.size === 0 ? {} : { ends }),
    ...group[0]!.before,
  };
}

/** Resolves with whether the whole past was searched, and how far the logs were. */
async function huntOnce(
  query: RetroQuery,
  options: Hunting,
  signal: AbortSignal,
): Promise<{ readonly whole: boolean; readonly searched?: Extents }> {
  const { engine, timeout, metrics, tell } = options;
  const { indicators } = query;
  let searched: Extents | undefined;
  const started = performance.now();
  const limit = timeout > 0 && !engine.timesQueries ? AbortSignal.timeout(timeout) : undefined;
  const result = await hunt(
    {
      engine,
      query,
      ...(query.ends === undefined ? { searched: (extents) => searched = extents } : {}),
      deliver: (matches) => options.report(matches, signal),
      trouble(trouble) {
        tell(trouble);
        metrics.troubles("RETRO", trouble.count);
        if (trouble.loss !== undefined) metrics.patternLosses(trouble.loss, trouble.count);
      },
    },
    signal,
    limit,
  );
  if (result.stopped === "interrupted") return { whole: false };
  if (result.stopped === "timeout") {
    logger.error(
      "Retro matching took longer than retro_match_timeout; its matches so far are reported",
    );
  }
  const seconds = (performance.now() - started) / 1000;
  metrics.retroQuery(seconds, indicators.size, matchesOf(indicators, result.counts));
  logger.debug("{matches} matches of {count} indicators in the past, {seconds} s", {
    matches: result.matches,
    count: indicators.size,
    seconds,
  });
  return { whole: true, ...(searched === undefined ? {} : { searched }) };
}

function* matchesOf(set: IndicatorSet, counts: HuntResult["counts"]): Iterable<number> {
  yield* counts.values();
  for (let none = set.size - counts.size; none > 0; none--) yield 0;
}

/** The same trouble with the same file meets one hunt after the other: it is a warning once. */
function createTroubleTeller(): Hunting["tell"] {
  const isFirst = createOnce();
  return ({ source, what, count, loss }) => {
    const level = loss !== undefined || isFirst(`${source} ${what}`) ? "warn" : "debug";
    const text = count > 1 ? "{source}: {what} ({count} times)" : "{source}: {what}";
    logger[level](text, { source, what, count });
  };
}
