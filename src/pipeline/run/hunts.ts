/** What is hunted for in the past, and how much of it. */
import type { Engine, LiveMark } from "../../engines/engine.ts";
import type { Indicator } from "../../intel/indicator.ts";
import type { OwnIndicatorSet } from "../../intel/indicator_set.ts";
import type { IndicatorStore } from "./indicator_store.ts";
import type { FreshIndicator } from "./intake.ts";
import type { RetroTask, SearchedBefore } from "./retro_loop.ts";

/** Events may be written some time after they happened: so far before the last moment alive a catch-up begins. */
const CATCH_UP_SLACK = 3600 * 1000;

/**
 * What is to be hunted for as an indicator comes. The same as before under another
 * version was hunted for, or will be; what the logs hold since then is new unless
 * they are followed.
 */
export function taskFor(
  { indicator, samePattern, end }: FreshIndicator,
  store: IndicatorStore | undefined,
  live: boolean,
): RetroTask | undefined {
  if (!samePattern) return { indicator, end };
  if (live) return undefined;
  const before = store?.heldAs(indicator.id).before;
  return before && { indicator, before: restFor(indicator, before) };
}

/** A pattern of several events may need one from the part that was searched. */
function restFor(indicator: Indicator, before: SearchedBefore): SearchedBefore | undefined {
  return indicator.points.length > 0 ? before : undefined;
}

/** What catching up is about. */
export interface CatchUp {
  readonly store: IndicatorStore;
  readonly engine: Engine;
  readonly indicators: Pick<OwnIndicatorSet, "has">;
  /** Live matching goes on beside. */
  readonly live: boolean;
  /** Where it begins. */
  readonly end: LiveMark | undefined;
  readonly push: (task: RetroTask, signal: AbortSignal) => Promise<void>;
}

/**
 * Takes up what an earlier process left: indicators whose past was not searched, what
 * of the logs was not searched for others, and where that isn't known the time in
 * which nobody looked.
 */
export async function catchUp(
  { store, engine, indicators, live, end, push }: CatchUp,
  signal: AbortSignal,
): Promise<void> {
  const isLogs = engine.spec.name === "logs";
  if (isLogs && !live) await store.followedNoMore();
  // Live matching on logs goes on from where it stood, gap included. A node can't be asked
  // for a time span alone: that is worth it where the stream of new events was missed.
  const isGapless = isLogs ? live && store.wasFollowing : !live;
  const { lastAlive } = store;
  const since = lastAlive === undefined ? undefined : { since: lastAlive - CATCH_UP_SLACK };
  for (const { indicator, hunted, left, before } of store.held()) {
    if (signal.aborted) return;
    if (!indicators.has(indicator.id)) continue;
    if (left) await push({ indicator, end }, signal);
    else if (!hunted) continue;
    else if (before !== undefined && isLogs) {
      await push({ indicator, end, before: restFor(indicator, before) }, signal);
    } else if (!isGapless && since !== undefined) {
      await push({ indicator, end, before: since }, signal);
    }
  }
}
