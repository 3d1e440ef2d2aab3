import type { Match, RetroQuery, TelemetryEvent } from "../engine.ts";
import type { Handle } from "../../match/set.ts";
import { createCrediting, matchOf, timeOf } from "./credit.ts";
import { createLedger } from "./ledger.ts";
import type { Block } from "./lines.ts";

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
  take(block: Block): Match[];
  /** Rows so far. */
  readonly rows: number;
  /** Rows that were no JSON objects so far. */
  readonly odd: number;
}

/** Makes the answers of a hunt. */
export function createAnswers({ indicators, since, until, maxEvents }: RetroQuery): Answers {
  const crediting = createCrediting(indicators);
  const ledger = createLedger();
  const counts = new Map<Handle, number>();
  const isFull = (handle: Handle) => maxEvents > 0 && (counts.get(handle) ?? 0) >= maxEvents;

  function isInside(event: TelemetryEvent): boolean {
    if (since === undefined && until === undefined) return true;
    const time = timeOf(event);
    return time !== undefined && time >= (since ?? -Infinity) && time < (until ?? Infinity);
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
        for (const { event, hits } of credits.credited) {
          if (!isInside(event)) continue;
          for (const hit of hits) {
            if (isFull(hit.handle) || !isNew(hit.handle, event.bytes)) continue;
            counts.set(hit.handle, (counts.get(hit.handle) ?? 0) + 1);
            matches.push(matchOf("RETRO", hit, event, indicators));
          }
        }
        return matches;
      },
    };
  }
  return { begin, isFull };
}
