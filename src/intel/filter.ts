/** Which indicators are used, by what their STIX objects say; plain values say nothing and pass. */
import type { JsonObject, JsonValue } from "../json.ts";
import { instantToMillis, parseTimestamp } from "../stix/timestamp.ts";

/** Conditions on indicators; unset ones hold. */
export interface IndicatorFilter {
  /** Least `confidence`, 0 to 100; a missing one counts as 0. */
  readonly minConfidence?: number;
  /** TLP levels that may be used; an indicator without one may always. `white` and `clear` are one, `amber` holds `amber+strict`. */
  readonly tlp?: readonly string[];
  readonly includeTypes?: readonly string[];
  readonly includeLabels?: readonly string[];
  readonly excludeTypes?: readonly string[];
  readonly excludeLabels?: readonly string[];
}

/** TLP marking definitions: STIX 2.1 section 7.2.1.4 (TLP 1.0), and OASIS's for TLP 2.0. */
const TLP_MARKINGS: Readonly<Record<string, string>> = {
  "613f2e26-407d-48c7-9eca-b8e91df99dc9": "white",
  "34098fce-860f-48ae-8e50-ebd3cc5e41da": "green",
  "f88d31f6-486f-44da-b317-01333bde0b82": "amber",
  "5e57c739-391a-4eb3-b6be-7d15ca92d5ed": "red",
  "94868c89-83c2-464b-929b-a1a8aa3c8487": "white",
  "bab4a63c-aed9-4cf5-a766-dfca5abac2bb": "green",
  "55d920b0-5e8b-4f79-9ee9-91f868d9b421": "amber",
  "939a9414-2ddd-4d32-a0cd-375ea402b003": "amber",
  "e828b379-4e03-4974-9ac4-e53a884c97c1": "red",
};

/** Whether a filter lets every indicator pass. */
export function passesAll({ minConfidence = 0, ...lists }: IndicatorFilter): boolean {
  return minConfidence <= 0 && Object.values(lists).every((list) => list.length === 0);
}

/** Why the filter does not let an indicator pass; undefined if it does. */
export function rejection(stix: JsonObject, filter: IndicatorFilter): string | undefined {
  const { minConfidence = 0, tlp } = filter;
  const confidence = typeof stix["confidence"] === "number" ? stix["confidence"] : 0;
  if (confidence < minConfidence) return `confidence ${confidence} is below ${minConfidence}`;
  if (tlp !== undefined && tlp.length > 0) {
    const allowed = tlp.map(levelOf);
    const other = tlpLevels(stix).find((level) => !allowed.includes(level));
    if (other !== undefined) return `TLP ${other} is not among ${tlp.join(", ")}`;
  }
  return wordRejection(
    "type",
    texts(stix["indicator_types"]),
    filter.includeTypes,
    filter.excludeTypes,
  ) ??
    wordRejection("label", texts(stix["labels"]), filter.includeLabels, filter.excludeLabels);
}

function wordRejection(
  what: string,
  words: readonly string[],
  include: readonly string[] = [],
  exclude: readonly string[] = [],
): string | undefined {
  const excluded = words.find((word) => exclude.includes(word));
  if (excluded !== undefined) return `${what} ${excluded} is excluded`;
  if (include.length === 0 || words.some((word) => include.includes(word))) return undefined;
  return `has no ${what} that is included`;
}

/** TLP levels of an object, from its markings and from labels such as `tlp:amber`. */
function tlpLevels(stix: JsonObject): string[] {
  const marked = texts(stix["object_marking_refs"])
    .map((ref) => TLP_MARKINGS[ref.slice("marking-definition--".length)])
    .filter((level) => level !== undefined);
  const labelled = texts(stix["labels"]).filter((label) => /^tlp:/i.test(label))
    .map((label) => levelOf(label.slice(4)));
  return [...marked, ...labelled];
}

function levelOf(name: string): string {
  const level = name.toLowerCase().replace(/^tlp:/, "");
  if (level === "clear") return "white";
  return level === "amber+strict" ? "amber" : level;
}

function texts(value: JsonValue | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** When an indicator counts, and which version it is; all in ms since the epoch. */
export interface Validity {
  /** `modified`, else `created`; -Infinity if neither is a time. */
  readonly modified: number;
  readonly from: number;
  readonly until: number;
  readonly revoked: boolean;
}

/** The times of a STIX object. */
export function validityOf(stix: JsonObject): Validity {
  return {
    modified: timeOf(stix["modified"]) ?? timeOf(stix["created"]) ?? -Infinity,
    from: timeOf(stix["valid_from"]) ?? -Infinity,
    until: timeOf(stix["valid_until"]) ?? Infinity,
    revoked: stix["revoked"] === true,
  };
}

function timeOf(value: JsonValue | undefined): number | undefined {
  const instant = typeof value === "string" ? parseTimestamp(value) : undefined;
  return instant && instantToMillis(instant);
}
