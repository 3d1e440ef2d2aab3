import type { Config } from "../config/config.ts";
import type { AllowGuard } from "../intel/allow/mod.ts";
import type { IndicatorFilter } from "../intel/filter.ts";
import { createDocuments, createLentDocuments, type Documents } from "../intel/documents.ts";
import type { IndicatorSet } from "../intel/indicator.ts";
import { createIndicatorSet } from "../intel/indicator_set.ts";
import type { Observable } from "../match/observable.ts";

/** What of the configuration says which indicators are used. */
export type FilterConfig = Pick<
  Config,
  "min_confidence" | "tlp" | "include.types" | "include.labels" | "exclude.types" | "exclude.labels"
>;

/** What a value has, about. */
const VALUE_BYTES = 40;

/**
 * The set of all indicators, whose objects are in `documents`, and how the set of one retro hunt
 * is made: it matches in the same way.
 */
export async function createSets(
  config: Config,
  documents: Documents = createDocuments(),
  onSpared?: (list: string) => void,
) {
  let guard = await readGuard(config, onSpared);
  let filter = filterOf(config);
  const common = {
    subdomains: config.subdomains,
    spare: (seen: Observable) => guard.spare(seen),
  };
  const admitting = {
    ...common,
    documents,
    get guard() {
      return guard;
    },
    get filter() {
      return filter;
    },
  };
  return {
    indicators: createIndicatorSet(admitting),
    // Whether an indicator is used at all was decided when it was taken in; of its values
    // those on allow-lists are still in it.
    createSet(count: number): IndicatorSet {
      const lent = createLentDocuments();
      const set = createIndicatorSet({ ...common, guard, keepExpired: true, documents: lent });
      set.reserve(count, count * VALUE_BYTES);
      return set;
    },
    /** Other filters and allow-lists from now on; what is in the set already stays there. */
    async configure(config: Config): Promise<void> {
      guard = await readGuard(config, onSpared);
      filter = filterOf(config);
    },
  };
}

/** Room for the objects of millions of indicators in memory, where there is no state. */
export async function packedDocuments(): Promise<Documents> {
  const { deflate } = await import("../intel/deflate.ts");
  return createDocuments(deflate);
}

async function readGuard(
  config: Config,
  onSpared?: (list: string) => void,
): Promise<AllowGuard> {
  const { loadGuard } = await import("../intel/allow/mod.ts");
  const { fileInput } = await import("../intel/readers/mod.ts");
  const lists = (config.allow_lists ?? []).map(fileInput);
  // A single private address may well be what an indicator is about; a private range is not.
  return await loadGuard(lists, config.guard ? { privateAddresses: false } : undefined, onSpared);
}

/** Which indicators the configuration lets in. */
export function filterOf(config: FilterConfig): IndicatorFilter {
  const lists = {
    tlp: config.tlp,
    includeTypes: config["include.types"],
    includeLabels: config["include.labels"],
    excludeTypes: config["exclude.types"],
    excludeLabels: config["exclude.labels"],
  };
  return {
    minConfidence: config.min_confidence,
    ...Object.fromEntries(Object.entries(lists).filter(([, list]) => list !== undefined)),
  };
}
