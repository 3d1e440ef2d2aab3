/** Windows of a one-shot hunt: all are open until its end, as files are not in the order of time. */
import type { Match } from "../engines/engine.ts";
import { iocOf } from "../formats/match.ts";
import type { SpilledTallies } from "./spilled_tallies.ts";
import { createTallying, type Sighted, type Tally } from "./tally.ts";

/** What matches are gathered in. */
export interface Gathering {
  add(matches: readonly Match[]): Promise<void>;
  /** All windows, page by page; once, at the end. */
  drain(): AsyncIterable<readonly Sighted[]>;
}

/** Windows in memory, about 1 KB each and their event, before they go to disk. */
const IN_MEMORY = 10_000;
/** So many are told at once. */
const PAGE = 1000;

/** Gathers in windows of `length` ms; what doesn't fit in memory is kept in a temporary file. */
export function createGathering(length: number, inMemory = IN_MEMORY): Gathering {
  const tallying = createTallying(length);
  let spilled: SpilledTallies | undefined;
  return {
    async add(matches) {
      for (const match of matches) tallying.add(match);
      if (tallying.size <= inMemory) return;
      spilled ??= (await import("./spilled_tallies.ts")).openSpilledTallies();
      spilled.put(tallying.take());
    },
    async *drain() {
      const rest = tallying.take();
      if (spilled === undefined) {
        for (let at = 0; at < rest.length; at += PAGE) yield rest.slice(at, at + PAGE).map(sighted);
        return;
      }
      try {
        spilled.put(rest);
        yield* spilled.pages(PAGE);
      } finally {
        spilled.close();
      }
    },
  };
}

const sighted = ({ match, ...tally }: Tally): Sighted => ({
  ...tally,
  match: { ...match, ioc: iocOf(match) },
});
