import { getLogger } from "../../log.ts";
import type { Engine } from "../../engines/engine.ts";
import type { Indicator, IndicatorSet } from "../../intel/indicator.ts";
import { prepareObstacle } from "../../match/pattern_support.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import { unsupportedIn } from "../hunt.ts";

const logger = getLogger(["bridge", "intake"]);

/** Says which indicators an engine can't look for: each version once, with its id and the reason. */
export interface UnsupportedTeller {
  /** Those that were there before. */
  tellOf(indicators: IndicatorSet): Promise<void>;
  /** A promise only where the pattern has to be read first. */
  tell(indicator: Indicator): Promise<void> | undefined;
}

/** Makes the teller; it logs and counts. */
export function createUnsupportedTeller(engine: Engine, metrics: Metrics): UnsupportedTeller {
  const say = ({ id }: Indicator, label: string, reason: string) => {
    metrics.unsupported(label);
    logger.warn("The {engine} engine can't look for {id}: {reason}", {
      engine: engine.spec.name,
      id,
      reason,
    });
  };
  return {
    async tellOf(indicators) {
      for await (const { indicator, label, reason } of unsupportedIn(engine, indicators)) {
        say(indicator, label, reason);
      }
    },
    tell(indicator) {
      const check = () => {
        const support = engine.supports(indicator);
        if (support.type === "none") say(indicator, support.label, support.reason);
      };
      if (indicator.points.length === 0) return prepareObstacle(indicator.pattern).then(check);
      check();
      return undefined;
    },
  };
}
