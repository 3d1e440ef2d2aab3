import type { IndicatorSet } from "../../intel/indicator.ts";
import type { Handle } from "../../match/set.ts";
import type { Match, MatchType } from "../engine.ts";
import type { CompoundHit, Compounds, PlacedEvent } from "./compounds.ts";

/** Turns events into matches. */
export interface Crediting {
  /**
   * Matches of one event, each indicator once; events come in the order of the telemetry.
   * A `valueless` event is known to hold no IoC.
   */
  credit(placed: PlacedEvent, valueless?: boolean): Match[];
  /** Matches that could only be told once every event was there. */
  end(): Match[];
  /** Every indicator has all the events that it may have: nothing more can be found. */
  readonly sated: boolean;
}

/** Credits the indicators of a set; `maxEvents` bounds the events of each, 0 doesn't. */
export function createCrediting(
  indicators: IndicatorSet,
  type: MatchType,
  compounds: Compounds,
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

  function compoundMatch({ handle, placed }: CompoundHit): Match[] {
    if (!admits(handle)) return [];
    const { event, source, line } = placed;
    const where = line === undefined ? { source } : { source, line };
    return [{ type, indicator: indicators.get(handle), handle, where, event }];
  }

  return {
    credit(placed, valueless = false) {
      const { event, source, line } = placed;
      const matches: Match[] = [];
      const credited = new Set<Handle>();
      const held: Handle[] = [];
      const hits = valueless ? [] : indicators.iocs.hits(event.value);
      for (const { handle, observable, field } of hits) {
        if (credited.has(handle)) continue;
        credited.add(handle);
        if (indicators.compounds.has(handle)) {
          // Values of a compound pattern only say that it may be fulfilled here.
          held.push(handle);
          continue;
        }
        if (placed.isFor?.(handle) === false || !admits(handle)) continue;
        const where = line === undefined ? { source, field } : { source, line, field };
        const indicator = indicators.get(handle);
        matches.push({ type, indicator, handle, observable, where, event });
      }
      if (held.length === 0 && compounds.sweep === undefined) return matches;
      const completed = compounds.feed(placed, held);
      return completed.length === 0 ? matches : [...matches, ...completed.flatMap(compoundMatch)];
    },
    end: () => compounds.end().flatMap(compoundMatch),
    get sated() {
      return maxEvents > 0 && full === indicators.size;
    },
  };
}
