import { getLogger } from "../../log.ts";
import { backoff } from "../../backoff.ts";
import type { Engine, Match, Trouble } from "../../engines/engine.ts";
import type { IndicatorSet } from "../../intel/indicator.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import { sleep } from "../../wait.ts";

const logger = getLogger(["bridge", "live"]);

/** How live matching goes on. */
export interface LiveLoopOptions {
  readonly engine: Engine;
  readonly indicators: IndicatorSet;
  readonly metrics: Metrics;
  readonly report: (matches: readonly Match[], signal: AbortSignal) => Promise<void>;
}

/**
 * Matches the stream until the signal aborts; an engine that fails is started
 * again. A batch is asked for only when the one before it is safe.
 */
export async function liveLoop(options: LiveLoopOptions, signal: AbortSignal): Promise<void> {
  const trouble = ({ source, what, count, loss }: Trouble) => {
    logger.warn("{source}: {what} ({count})", { source, what, count });
    options.metrics.troubles("LIVE", count);
    if (loss !== undefined) options.metrics.patternLosses(loss, count);
  };
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      for await (const batch of options.engine.live(options.indicators, signal, { trouble })) {
        await options.report(batch, signal);
        failures = 0;
      }
    } catch (error) {
      if (signal.aborted) return;
      logger.error("Live matching failed and is started again: {error}", { error });
    }
    if (!signal.aborted) await sleep(backoff(failures, { initial: 500, maximum: 30_000 }), signal);
  }
}
