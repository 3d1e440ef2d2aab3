import { getLogger } from "@logtape/logtape";
import { backoff } from "../../backoff.ts";
import type { Engine, Match, Trouble } from "../../engines/engine.ts";
import { NotConnectedError } from "../../errors.ts";
import type { Indicator, IndicatorSet } from "../../intel/indicator.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import { sleep } from "../../wait.ts";
import type { Gatherer } from "../gather.ts";
import { hunt } from "../hunt.ts";

const logger = getLogger(["bridge", "retro"]);

/** An indicator whose past is to be searched. */
export interface RetroTask {
  readonly indicator: Indicator;
  /** Only events from then on, ms since the epoch: the rest was searched before. */
  readonly since?: number;
}

/** How retro matching goes on. */
export interface RetroLoopOptions {
  readonly engine: Engine;
  readonly tasks: Gatherer<RetroTask>;
  /** What is held now: tasks whose indicator was removed meanwhile are left out. */
  readonly holds: (id: string) => boolean;
  /** Makes the set of one hunt. */
  readonly createSet: () => IndicatorSet;
  readonly maxEvents: number;
  /** Longest time for one hunt, ms; 0 is unlimited. */
  readonly timeout: number;
  readonly report: (matches: readonly Match[], signal: AbortSignal) => Promise<void>;
  /** Told when the past was searched for a batch. */
  readonly onDone?: (indicators: readonly Indicator[]) => Promise<void>;
  readonly metrics: Metrics;
}

/** Hunts for batches of new indicators, one after the other, until there are no more. */
export async function retroLoop(options: RetroLoopOptions, signal: AbortSignal): Promise<void> {
  for await (const batch of options.tasks.batches(signal)) {
    for (
      const [since, group] of byStart(batch.filter(({ indicator }) => options.holds(indicator.id)))
    ) {
      options.metrics.retroBacklog(options.tasks.waiting + group.length);
      await huntUntilDone(group, since, options, signal);
      if (signal.aborted) return;
    }
    options.metrics.retroBacklog(options.tasks.waiting);
  }
}

function byStart(batch: readonly RetroTask[]): Map<number | undefined, Indicator[]> {
  const groups = new Map<number | undefined, Indicator[]>();
  for (const { indicator, since } of batch) {
    const group = groups.get(since);
    if (group === undefined) groups.set(since, [indicator]);
    else group.push(indicator);
  }
  return groups;
}

/** Tries of a hunt that fails though the telemetry is there; then it is left for the next start. */
const TRIES = 5;

/** A hunt that fails because the telemetry is away is taken up again when it is back. */
async function huntUntilDone(
  group: readonly Indicator[],
  since: number | undefined,
  options: RetroLoopOptions,
  signal: AbortSignal,
): Promise<void> {
  const indicators = options.createSet();
  for (const indicator of group) indicators.put(indicator);
  let failures = 0;
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      if (await huntOnce(indicators, since, options, signal)) {
        await options.onDone?.(group);
      }
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

/** Resolves with whether the whole past was searched. */
async function huntOnce(
  indicators: IndicatorSet,
  since: number | undefined,
  options: RetroLoopOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const { engine, maxEvents, timeout, metrics } = options;
  const started = performance.now();
  const limit = timeout > 0 && !engine.timesQueries ? AbortSignal.timeout(timeout) : undefined;
  const result = await hunt(
    {
      engine,
      query: { indicators, maxEvents, ...(since === undefined ? {} : { since }) },
      deliver: (matches) => options.report(matches, signal),
      trouble(trouble) {
        reportTrouble(trouble);
        metrics.troubles("RETRO", trouble.count);
        if (trouble.loss !== undefined) metrics.patternLosses(trouble.loss, trouble.count);
      },
    },
    signal,
    limit,
  );
  if (result.stopped === "interrupted") return false;
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
  return true;
}

function* matchesOf(set: IndicatorSet, counts: ReadonlyMap<string, number>): Iterable<number> {
  yield* counts.values();
  for (let none = set.size - counts.size; none > 0; none--) yield 0;
}

function reportTrouble({ source, what, count }: Trouble): void {
  logger.warn(count > 1 ? "{source}: {what} ({count} times)" : "{source}: {what}", {
    source,
    what,
    count,
  });
}
