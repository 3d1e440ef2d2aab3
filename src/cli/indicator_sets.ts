import type { Config } from "../config/config.ts";
import type { IndicatorFilter } from "../intel/filter.ts";
import { createIndicatorSet } from "../intel/indicator_set.ts";

/** The set of all indicators, and how the set of one retro hunt is made: it matches in the same way. */
export async function createSets(config: Config) {
  const { loadGuard } = await import("../intel/allow/mod.ts");
  const { fileInput } = await import("../intel/readers/mod.ts");
  const lists = (config.allow_lists ?? []).map(fileInput);
  // A single private address may well be what an indicator is about; a private range is not.
  const guard = await loadGuard(lists, config.guard ? { privateAddresses: false } : undefined);
  const common = { subdomains: config.subdomains, spare: guard.spare };
  const indicators = createIndicatorSet({ ...common, guard, filter: filterOf(config) });
  // Whether an indicator is used at all was decided when it was taken in.
  return { indicators, createSet: () => createIndicatorSet({ ...common, keepExpired: true }) };
}

function filterOf(config: Config): IndicatorFilter {
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
