/** Reads STIX bundles from files for the bus to publish. */
import { InputError } from "../../errors.ts";
import { isJsonObject, type JsonObject } from "../../json.ts";
import { type CanonicalStix, canonicalStixObject } from "../../stix/canonical.ts";
import { parseTimestamp } from "../../stix/timestamp.ts";

/** The indicators of a file by id, and what was wrong with others. */
export interface IntelFile {
  readonly indicators: ReadonlyMap<string, CanonicalStix>;
  /** Objects that were not taken, in words. */
  readonly faults: readonly string[];
}

/**
 * Reads a bundle, a list of objects, one object, or one of these a line. Only
 * indicators are taken; those of STIX 2.0 are taken as 2.1. Throws `InputError` when
 * the file is not JSON at all, for instance because it is being written. `changed`
 * (ms since the epoch) fills in missing times.
 */
export function parseIntel(text: string, file: string, changed: number): IntelFile {
  const indicators = new Map<string, CanonicalStix>();
  const now = () => changed;
  const faults: string[] = [];
  for (const object of objectsOf(parseJson(text, file))) {
    if (object.type !== "indicator") continue;
    const indicator = modernise(object);
    const checked = canonicalStixObject(indicator, "bus", now);
    if (typeof indicator.id !== "string") faults.push("An indicator has no id");
    else if (!checked.ok) faults.push(`${indicator.id}: ${checked.fault.detail}`);
    else if (!isOlder(checked.value, indicators.get(indicator.id))) {
      indicators.set(indicator.id, checked.value);
    }
  }
  return { indicators, faults };
}

/** A file may hold several versions of an indicator, in any order. */
function isOlder({ object }: CanonicalStix, known: CanonicalStix | undefined): boolean {
  const [own, other] = [object, known?.object].map((stix) => {
    const time = typeof stix?.modified === "string" ? parseTimestamp(stix.modified) : undefined;
    return time === undefined ? -Infinity : time.seconds * 1e6 + time.micros;
  });
  return own! < other!;
}

function parseJson(text: string, file: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch (whole) {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    try {
      if (lines.length > 1) return lines.map((line) => JSON.parse(line));
    } catch { /* not one object a line either: the first error tells more */ }
    throw new InputError(`Not JSON: ${(whole as Error).message}`, {
      place: { file },
      hint: "The bus takes STIX bundles, lists of STIX objects, or one of them a line.",
    });
  }
}

function* objectsOf(values: readonly unknown[]): Generator<JsonObject> {
  for (const value of values) {
    if (Array.isArray(value)) yield* objectsOf(value);
    else if (!isJsonObject(value)) continue;
    else if (value.type === "bundle") yield* objectsOf([value.objects]);
    else yield value;
  }
}

/** STIX 2.0 knows neither spec_version nor pattern_type; its patterns are STIX patterns. */
function modernise(object: JsonObject): JsonObject {
  const { x_threatbus_update: _update, ...indicator } = object;
  if (indicator.spec_version !== undefined) return indicator;
  return { ...indicator, spec_version: "2.1", pattern_type: indicator.pattern_type ?? "stix" };
}
