/** What patterns are evaluated on. */
import type { JsonObject } from "../../json.ts";

/**
 * One observation: cyber observables by id, as in the `objects` of observed-data
 * (STIX 2.0) or in a bundle by their own ids (2.1). References resolve in here only.
 */
export interface Observation {
  readonly objects: Readonly<Record<string, JsonObject>>;
  /** When it was seen first and last, microseconds since the epoch. */
  readonly first: number;
  readonly last: number;
  /** How many times; the same thing seen twice can stand for two observations. 1 if absent. */
  readonly count?: number;
}
