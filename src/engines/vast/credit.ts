import type { Match, MatchType, TelemetryEvent } from "../engine.ts";
import type { IndicatorSet } from "../../intel/indicator.ts";
import { isJsonObject, type JsonObject } from "../../json.ts";
import type { Handle, Hit } from "../../match/set.ts";

/** Says which indicators a row belongs to: VAST itself does not. */
export interface Crediting {
  /** What the row is a hit of; undefined if it is no JSON object. */
  credit(row: Uint8Array): Credited | undefined;
}

/** A row with its hits, one an indicator. */
export interface Credited {
  readonly event: TelemetryEvent;
  readonly hits: readonly Hit[];
}

/** Makes a crediting by the exact matcher. */
export function createCrediting(indicators: IndicatorSet): Crediting {
  // Rows may hold bytes that are no UTF-8; they are kept in `bytes` as they came.
  const decoder = new TextDecoder();
  return {
    credit(row) {
      const value = parse(decoder.decode(row));
      if (value === undefined) return undefined;
      const hits = indicators.iocs.hits(value);
      return { event: { bytes: row, value }, hits: firstOfEach(hits, indicators.compounds) };
    },
  };
}

/**
 * An indicator of several values is seen once in an event; a value of a compound
 * pattern does not fulfil the pattern.
 */
function firstOfEach(hits: readonly Hit[], compounds: ReadonlySet<Handle>): readonly Hit[] {
  if (hits.length === 0) return hits;
  return hits.filter(({ handle }, at) =>
    !compounds.has(handle) && hits.findIndex((hit) => hit.handle === handle) === at
  );
}

function parse(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Makes the match of a hit. */
export function matchOf(
  type: MatchType,
  hit: Hit,
  event: TelemetryEvent,
  indicators: IndicatorSet,
): Match {
  return {
    type,
    indicator: indicators.get(hit.handle),
    observable: hit.observable,
    where: { source: "vast", field: hit.field },
    event,
  };
}

/**
 * When an event was, ms since the epoch: `ts` or `timestamp`, which VAST writes in
 * UTC without saying so.
 */
export function timeOf({ value }: TelemetryEvent): number | undefined {
  const text = value["ts"] ?? value["timestamp"];
  if (typeof text === "number") return text * 1000;
  if (typeof text !== "string") return undefined;
  const zoned = /(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`;
  // Date.parse takes three digits of a second.
  const time = Date.parse(zoned.replace(/(\.\d{3})\d+/, "$1"));
  return Number.isNaN(time) ? undefined : time;
}
