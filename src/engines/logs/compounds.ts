/** Compound patterns on the events of logs: the part of crediting that needs more than values. */
import { getLogger } from "@logtape/logtape";
import { BridgeError } from "../../errors.ts";
import type { IndicatorSet } from "../../intel/indicator.ts";
import type { Handle } from "../../match/set.ts";
import type { PatternMatch } from "../../stix/eval/stream.ts";
import type { PatternMatcherLosses } from "../../stix/eval/stream.ts";
import type { TelemetryEvent } from "../engine.ts";

const logger = getLogger(["bridge", "engines", "logs", "patterns"]);

/** An event and where it stands, as matches need it. */
export interface PlacedEvent {
  readonly event: TelemetryEvent;
  readonly source: string;
  readonly line: number | undefined;
}

/** One indicator whose pattern an event took part in. */
export interface CompoundHit {
  readonly handle: Handle;
  readonly placed: PlacedEvent;
}

/** The compound patterns of an indicator set, kept up with it. */
export interface Compounds {
  /** Every event may matter, not only those that hold a value of a pattern. */
  readonly sweeping: boolean;
  readonly losses: PatternMatcherLosses;
  /** The patterns that an event completes, each event of theirs once. */
  feed(placed: PlacedEvent): CompoundHit[];
  /** Those that had to wait for the end, as files are not in the order of time. */
  end(): CompoundHit[];
}

const NONE: Compounds = {
  sweeping: false,
  losses: { dropped: 0, exhausted: 0 },
  feed: () => [],
  end: () => [],
};

/**
 * Follows the compound patterns of a set until the signal aborts. `any` is for
 * files one after the other, `stream` for events as they happen.
 */
export async function followCompounds(
  indicators: IndicatorSet,
  order: "any" | "stream",
  signal: AbortSignal,
): Promise<Compounds> {
  if (order === "any" && indicators.compounds.size === 0) return NONE;
  const { createEventPatterns } = await import("../../match/patterns.ts");
  const patterns = createEventPatterns<PlacedEvent>({ order });

  function add(handle: Handle): void {
    const { id, pattern } = indicators.get(handle);
    try {
      patterns.add(handle, pattern);
    } catch (error) {
      if (!(error instanceof BridgeError)) throw error;
      // Which indicators are not looked for stands in the summary, by `supports`.
      logger.debug("{id} is not looked for: {reason}", { id, reason: error.message });
    }
  }

  for (const handle of indicators.compounds) add(handle);
  indicators.onChange(({ handle }) => {
    patterns.remove(handle);
    if (indicators.compounds.has(handle)) add(handle);
  }, signal);

  const hitsOf = (matches: readonly PatternMatch<PlacedEvent>[]): CompoundHit[] =>
    matches.flatMap(({ handle, fresh }) => fresh.map((placed) => ({ handle, placed })));
  return {
    get sweeping() {
      return indicators.sweeping.size > 0;
    },
    get losses() {
      return patterns.losses;
    },
    feed: (placed) => hitsOf(patterns.feed(placed.event.value, placed)),
    end: () => hitsOf(patterns.end()),
  };
}
