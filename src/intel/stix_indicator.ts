/** Indicators from the STIX objects that are held for them. */
import type { Place } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import type { Observable } from "../match/observable.ts";
import { validityOf } from "./filter.ts";
import type { Indicator } from "./indicator.ts";
import { pointsOf } from "./points.ts";

/** The values by which an indicator is found: its points, or those that a compound pattern needs. */
export function valuesOf(pattern: string): readonly Observable[] | undefined {
  const { points, prefilter } = pointsOf(pattern);
  return prefilter === undefined ? points : prefilter.values;
}

/** What a STIX object says, as far as it decides about its indicator. */
export function readDocument(json: string) {
  const stix = JSON.parse(json) as JsonObject;
  const pattern = stix["pattern"] as string;
  return { stix, pattern, ...pointsOf(pattern), validity: validityOf(stix) };
}

/** The indicator of a STIX object; `points` are those of its values that are looked for. */
export function stixIndicator(
  stix: JsonObject,
  json: string,
  points: readonly Observable[],
  place: Place | undefined,
): Indicator {
  const id = (stix["id"] as string).toLowerCase();
  return { id, pattern: stix["pattern"] as string, stix, json, points, ...(place && { place }) };
}
