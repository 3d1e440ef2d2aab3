import type { Match, RetroHooks } from "../engine.ts";
import type { IndicatorSet } from "../../intel/indicator.ts";
import type { VastContext } from "./context.ts";
import { retro } from "./retro.ts";
import type { StreamMatcher } from "./stream_matcher.ts";
import { pause } from "./waiting.ts";

/** Looks up in the past what was committed while no stream was open. */
export interface CatchUp {
  /** Nothing was seen from then on (ms since the epoch), unless an earlier time is still to be caught up. */
  miss(since: number): void;
  /** Pushes what was missed, if anything. Rejects only when the signal aborts. */
  catchUp(push: (matches: readonly Match[]) => Promise<void>, signal: AbortSignal): Promise<void>;
}

/** Events are logged, shipped and committed some time after they happened, ms. */
const LATENESS = 60_000;

/** Makes one that has missed nothing. */
export function createCatchUp(
  context: VastContext,
  indicators: IndicatorSet,
  matcher: StreamMatcher,
  hooks: RetroHooks,
): CatchUp {
  let missed: number | undefined;
  return {
    miss(since) {
      missed ??= since;
    },
    async catchUp(push, signal) {
      if (missed === undefined) return;
      try {
        await pause(context.times.settling, signal);
        const query = { indicators, since: missed - LATENESS, maxEvents: 0 };
        for await (const matches of retro(context, query, hooks, signal)) {
          const fresh = matches.filter((match) => matcher.isNew(match));
          if (fresh.length > 0) await push(fresh.map((match) => ({ ...match, type: "LIVE" })));
        }
        missed = undefined;
      } catch (error) {
        // A stream that broke meanwhile makes the gap longer; it is looked up then.
        if (signal.aborted) return;
        const { message } = error as Error;
        const what = `events committed while nobody looked could not be looked up (${message})`;
        hooks.trouble?.({ source: context.client.endpoint, what, count: 1, unread: true });
      }
    },
  };
}
