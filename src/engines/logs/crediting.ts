import type { IndicatorSet } from "../../intel/indicator.ts";
import type { Handle } from "../../match/set.ts";
import type { Match, MatchType, TelemetryEvent } from "../engine.ts";

/** Turns events into matches. */
export interface Crediting {
  /** Matches of one event, each indicator once; events come in the order of the telemetry. */
  credit(event: TelemetryEvent, source: string, line: number | undefined): Match[];
  /** Every indicator has all the events that it may have: nothing more can be found. */
  readonly sated: boolean;
}

/** Credits the indicators of a set; `maxEvents` bounds the events of each, 0 doesn't. */
export function createCrediting(
  indicators: IndicatorSet,
  type: MatchType,
  maxEvents = 0,
): Crediting {
  const counts = new Map<Handle, number>();
  let full = 0;

  function admits(handle: Handle): boolean {
    if (maxEvents === 0) return true;
    const count = counts.get(handle) ?? 0;
    if (count === maxEvents) return false;
    counts.set(handle, count + 1);
    if (count + 1 === maxEvents) full++;
    return true;
  }

  return {
    credit(event, source, line) {
      const matches: Match[] = [];
      const credited = new Set<Handle>();
      for (const { handle, observable, field } of indicators.iocs.hits(event.value)) {
        // Values of a compound pattern only say that it may be fulfilled here.
        if (credited.has(handle) || indicators.compounds.has(handle)) continue;
        credited.add(handle);
        if (!admits(handle)) continue;
        const where = line === undefined ? { source, field } : { source, line, field };
        matches.push({ type, indicator: indicators.get(handle), observable, where, event });
      }
      return matches;
    },
    get sated() {
      return maxEvents > 0 && full === indicators.size;
    },
  };
}
