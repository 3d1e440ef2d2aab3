import { getLogger } from "../../log.ts";
import type { Match, RetroHooks } from "../engine.ts";
import type { IndicatorSet } from "../../intel/indicator.ts";
import type { VastContext } from "./context.ts";
import { VastError } from "./errors.ts";
import { liveExport } from "./live_export.ts";
import { liveMatcher } from "./live_matcher.ts";

/**
 * Live matching: by a matcher of the node if one is named and the node has the
 * plugin, else by the stream of all new events, matched here.
 */
export async function* live(
  context: VastContext,
  matcher: string | undefined,
  indicators: IndicatorSet,
  hooks: RetroHooks,
  signal: AbortSignal,
): AsyncGenerator<readonly Match[], void, void> {
  try {
    if (matcher !== undefined) {
      try {
        yield* liveMatcher(context, matcher, indicators, hooks, signal);
      } catch (error) {
        if (!(error instanceof VastError && error.failure === "unsupported")) throw error;
        getLogger(["bridge", "vast"]).warn`
          This VAST has no matcher plugin; its event stream is matched here instead`;
      }
    }
    yield* liveExport(context, indicators, hooks, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
