import type { Match, RetroQuery } from "../engine.ts";
import type { Handle } from "../../match/set.ts";
import { createCrediting, matchOf, timeOf } from "./credit.ts";
import { createLedger } from "./ledger.ts";

/** Turns rows into matches over all queries of one hunt: none twice, no more than wanted. */
export interface Answers {
  /** Starts the answer of one query. */
  begin(): Answer;
  /** The indicator has all the events that it may have. */
  isFull(handle: Handle): boolean;
}

/** The rows of one query. */
export interface Answer {
  /** The new matches among some rows. */
  take(rows: readonly Uint8Array[]): Match[];
  /** Rows that were no JSON objects so far. */
  readonly odd: number;
}

/** Makes the answers of a hunt. */
export function createAnswers({ indicators, since, until, maxEvents }: RetroQuery): Answers {
  const crediting = createCrediting(indicators);
  const ledger = createLedger();
  const counts = new Map<Handle, number>();
  const isFull = (handle: Handle) => maxEvents > 0 && (counts.get(handle) ?? 0) >= maxEvents;

  function isInside(time: number | undefined): boolean {
    if (since === undefined && until === undefined) return true;
    return time !== undefined && time >= (since ?? -Infinity) && time < (until ?? Infinity);
  }

  function begin(): Answer {
    const isNew = ledger.answer();
    let odd = 0;
    const takeRow = (row: Uint8Array, matches: Match[]) => {
      const credited = crediting.credit(row);
      if (credited === undefined) {
        odd++;
        return;
      }
      const { event, hits } = credited;
      if (hits.length === 0 || !isInside(timeOf(event))) return;
      for (const hit of hits) {
        if (isFull(hit.handle) || !isNew(hit.handle, row)) continue;
        counts.set(hit.handle, (counts.get(hit.handle) ?? 0) + 1);
        matches.push(matchOf("RETRO", hit, event, indicators));
      }
    };
    return {
      get odd() {
        return odd;
      },
      take(rows) {
        const matches: Match[] = [];
        for (const row of rows) takeRow(row, matches);
        return matches;
      },
    };
  }
  return { begin, isFull };
}
