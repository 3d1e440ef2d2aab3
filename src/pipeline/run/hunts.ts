/** What is hunted for in the past, and how much of it. */
import type { Engine, LiveMark } from "../../engines/engine.ts";
import type { Indicator } from "../../intel/indicator.ts";
import type { OwnIndicatorSet } from "../../intel/own_indicator_set.ts";
import type { Handle } from "../../match/set.ts";
import { sleep } from "../../wait.ts";
import type { IndicatorStore, Past } from "./indicator_store.ts";
import type { FreshIndicator } from "./intake.ts";
import type { RetroTask, SearchedBefore } from "./retro_loop.ts";

/** Events may be written some time after they happened: so far before the last moment alive a catch-up begins. */
const CATCH_UP_SLACK = 3600 * 1000;

/**
 * What is to be hunted for as indicators come. The same as before under another
 * version was hunted for, or will be; what the logs hold since then is new unless
 * they are followed.
 */
export function tasksFor(
  some: readonly FreshIndicator[],
  pastOf: (handle: Handle) => Past | undefined,
  live: boolean,
): RetroTask[] {
  const tasks: RetroTask[] = [];
  for (const fresh of some) {
    if (!fresh.samePattern) tasks.push(fresh);
    else if (!live) {
      const { handle, indicator, revision } = fresh;
      const before = pastOf(handle)?.before;
      if (before === undefined) continue;
      tasks.push({ handle, indicator, revision, before: restFor(indicator, before) });
    }
  }
  return tasks;
}

/** A pattern of several events may need one from the part that was searched. */
function restFor(indicator: Indicator, before: SearchedBefore): SearchedBefore | undefined {
  return indicator.points.length > 0 ? before : undefined;
}

/** What catching up is about. */
export interface CatchUp {
  readonly store: IndicatorStore;
  readonly engine: Engine;
  readonly indicators: Pick<OwnIndicatorSet, "isLive" | "get">;
  /** Live matching goes on beside. */
  readonly live: boolean;
  /** Where it begins. */
  readonly end: LiveMark | undefined;
  readonly push: (tasks: readonly RetroTask[], signal: AbortSignal) => Promise<void>;
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
  const again = isGapless ? undefined : since;
  for (const page of store.held(again !== undefined)) {
    for (const { handle, hunted, left, before } of page) {
      if (signal.aborted) return;
      const rest = isLogs ? before : undefined;
      if (!indicators.isLive(handle) || !(left || (hunted && (rest ?? again) !== undefined))) {
        continue;
      }
      const indicator = indicators.get(handle);
      const past = left ? undefined : rest === undefined ? again : restFor(indicator, rest);
      await push([{ handle, indicator, revision: store.revision, end, before: past }], signal);
    }
    // Of a million there may be none.
    await sleep(0, signal);
  }
}
