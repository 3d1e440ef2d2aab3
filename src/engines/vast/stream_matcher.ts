import type { Match } from "../engine.ts";
import type { IndicatorSet } from "../../intel/indicator.ts";
import type { Compounds } from "../logs/compounds.ts";
import { compoundMatchOf, createCrediting, matchOf } from "./credit.ts";
import { digestOf, fingerprint } from "./ledger.ts";
import type { Block } from "./lines.ts";

/** Matches a stream of events, and knows what of the past it has shown already. */
export interface StreamMatcher {
  take(block: Block): { readonly matches: readonly Match[]; readonly odd: number };
  /** Whether a match from the past was not seen in the stream; counts it as seen. */
  isNew(match: Match): boolean;
}

/** So many delivered matches are remembered, to tell what is new after a gap. */
const REMEMBERED = 20_000;

/** Makes a matcher; changes of the set count at once. */
export function createStreamMatcher(
  indicators: IndicatorSet,
  compounds: Compounds,
): StreamMatcher {
  const crediting = createCrediting(indicators, true);
  const recent = new Set<number>();
  const remember = (key: number) => {
    recent.add(key);
    if (recent.size > REMEMBERED) recent.delete(recent.values().next().value!);
  };
  return {
    take(block) {
      const { credited, odd } = crediting.credit(block);
      const matches: Match[] = [];
      for (const { event, hits, held } of credited) {
        const digest = digestOf(event.bytes);
        for (const hit of hits) {
          remember(fingerprint(hit.handle, digest));
          matches.push(matchOf("LIVE", hit, event, indicators));
        }
        if (held === undefined) continue;
        for (const done of compounds.feed({ event, source: "vast", line: undefined }, held)) {
          remember(fingerprint(done.handle, digestOf(done.placed.event.bytes)));
          matches.push(compoundMatchOf("LIVE", done.handle, done.placed.event, indicators));
        }
      }
      return { matches, odd };
    },
    isNew({ indicator, event, observable }) {
      const handles = observable === undefined
        ? [...indicators.compounds]
        : indicators.iocs.hits(event.value).map(({ handle }) => handle);
      const keys = handles.filter((handle) => indicators.get(handle).id === indicator.id)
        .map((handle) => fingerprint(handle, digestOf(event.bytes)));
      if (keys.length === 0 || keys.some((key) => recent.has(key))) return false;
      keys.forEach(remember);
      return true;
    },
  };
}
