import type { Match, RetroQuery, TelemetryEvent } from "../engine.ts";
import type { Handle } from "../../match/set.ts";
import type { CompoundHit, Compounds } from "../logs/compounds.ts";
import { compoundMatchOf, createCrediting, matchOf, timeOf } from "./credit.ts";
import { createLedger } from "./ledger.ts";
import type { Block } from "./lines.ts";

/** Turns rows into matches over all queries of one hunt: none twice, no more than wanted. */
export interface Answers {
  /** Starts the answer of one query. */
  begin(): Answer;
  /** Matches of compound patterns that could only be told once every answer was there. */
  end(): Match[];
  /** The indicator has all the events that it may have. */
  isFull(handle: Handle): boolean;
}

/** The rows of one query. */
export interface Answer {
  /** The new matches among some rows. */
  take(block: Block): Match[];
  /** Rows so far. */
  readonly rows: number;
  /** Rows that were no JSON objects so far. */
  readonly odd: number;
}

/** Stands in the ledger for all compound patterns together: each event is fed to them once. */
const COMPOUNDS: Handle = -1;

/** Makes the answers of a hunt. */
export function createAnswers(query: RetroQuery, compounds: Compounds): Answers {
  const { indicators, since, until, maxEvents } = query;
  const crediting = createCrediting(indicators, false);
  const ledger = createLedger();
  const counts = new Map<Handle, number>();
  const isFull = (handle: Handle) => maxEvents > 0 && (counts.get(handle) ?? 0) >= maxEvents;

  function isInside(event: TelemetryEvent): boolean {
    if (since === undefined && until === undefined) return true;
    const time = timeOf(event);
    return time !== undefined && time >= (since ?? -Infinity) && time < (until ?? Infinity);
  }

  function admits(handle: Handle): boolean {
    if (isFull(handle)) return false;
    counts.set(handle, (counts.get(handle) ?? 0) + 1);
    return true;
  }

  function compoundMatches(hits: readonly CompoundHit[]): Match[] {
    return hits.filter(({ handle }) => admits(handle))
      .map(({ handle, placed }) => compoundMatchOf("RETRO", handle, placed.event, indicators));
  }

  function begin(): Answer {
    const isNew = ledger.answer();
    let odd = 0;
    let rows = 0;
    return {
      get odd() {
        return odd;
      },
      get rows() {
        return rows;
      },
      take(block) {
        const matches: Match[] = [];
        const credits = crediting.credit(block);
        rows += credits.rows;
        odd += credits.odd;
        for (const { event, hits, held } of credits.credited) {
          if (!isInside(event)) continue;
          if (held !== undefined && isNew(COMPOUNDS, event.bytes)) {
            const placed = { event, source: "vast", line: undefined };
            matches.push(...compoundMatches(compounds.feed(placed, held)));
          }
          for (const hit of hits) {
            if (isFull(hit.handle) || !isNew(hit.handle, event.bytes)) continue;
            admits(hit.handle);
            matches.push(matchOf("RETRO", hit, event, indicators));
          }
        }
        return matches;
      },
    };
  }
  return { begin, isFull, end: () => compoundMatches(compounds.end()) };
}
