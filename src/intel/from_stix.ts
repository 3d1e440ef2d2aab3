/** Reading STIX Indicator objects. */
import type { JsonObject } from "../json.ts";
import { PatternError } from "../stix/pattern/mod.ts";
import type { Indicator } from "./indicator.ts";
import { pointsOf } from "./points.ts";

/** An indicator, or why an object is none that can be looked for. */
export type StixReading =
  | { readonly type: "indicator"; readonly indicator: Indicator; readonly reason?: string }
  /** A sound object that is not for us (another pattern language). */
  | { readonly type: "ignored"; readonly reason: string }
  /** Not what it claims to be. */
  | { readonly type: "invalid"; readonly reason: string };

const ID = /^indicator--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The object as text, and where it stood, if that is known. */
export type StixSource = Pick<Indicator, "json" | "place">;

/** Reads a STIX 2.1 (or 2.0) Indicator; `reason` of an indicator says why it has no points. */
export function indicatorFromStix(stix: JsonObject, from: StixSource = {}): StixReading {
  const { id, pattern } = stix;
  if (stix["type"] !== "indicator") {
    return { type: "ignored", reason: `type is ${shown(stix["type"])}` };
  }
  if (typeof id !== "string" || !ID.test(id)) {
    return { type: "invalid", reason: `id ${shown(id)} is not indicator--<uuid>` };
  }
  if (typeof pattern !== "string") return { type: "invalid", reason: "pattern is missing" };
  // STIX 2.0 has no pattern_type: its patterns are STIX patterns.
  const language = stix["pattern_type"] ?? "stix";
  if (language !== "stix") return { type: "ignored", reason: `pattern_type is ${shown(language)}` };
  try {
    const { points, reason, prefilter } = pointsOf(pattern);
    const read = { id: id.toLowerCase(), pattern, stix, points, ...from };
    const indicator = prefilter === undefined ? read : { ...read, prefilter };
    return { type: "indicator", indicator, ...(reason !== undefined && { reason }) };
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return { type: "invalid", reason: `pattern can't be read: ${error.message}` };
  }
}

/** An object that came as text; `received` if what decides about it was read already. */
export interface Arrived {
  readonly indicator: JsonObject;
  readonly json: string;
  readonly received?: Indicator;
}

/** The same of an object that came, without parsing it if that can be. */
export function indicatorFromArrived(arrived: Arrived): StixReading {
  return arrived.received === undefined
    ? indicatorFromStix(arrived.indicator, { json: arrived.json })
    : { type: "indicator", indicator: arrived.received };
}

function shown(value: unknown): string {
  return value === undefined ? "missing" : JSON.stringify(value).slice(0, 80);
}
