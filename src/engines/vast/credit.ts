import type { Findings } from "../logs/scan/finder.ts";
import { createEveryLineFinder } from "../logs/scan/every_line.ts";
import { createKernelFinders } from "../logs/scan/kernel_finder.ts";
import type { Match, MatchType, TelemetryEvent } from "../engine.ts";
import type { IndicatorSet } from "../../intel/indicator.ts";
import { isJsonObject, type JsonObject } from "../../json.ts";
import type { Handle, Hit } from "../../match/set.ts";
import type { Block } from "./lines.ts";

/** Says which indicators rows belong to: VAST itself does not. */
export interface Crediting {
  /** The rows of a block that are hits. */
  credit(block: Block): Credits;
}

/** What a block of rows came to. */
export interface Credits {
  readonly credited: readonly Credited[];
  readonly rows: number;
  /** Rows that are no JSON objects. */
  readonly odd: number;
}

/** A row with its hits, one an indicator. */
export interface Credited {
  readonly event: TelemetryEvent;
  readonly hits: readonly Hit[];
  /**
   * The compound patterns that the event holds a value of, if it may take part in any; none of
   * them where patterns without values look at every event.
   */
  readonly held: readonly Handle[] | undefined;
}

/**
 * Makes a crediting: the scan kernel names the rows that may be hits, the exact
 * matcher decides. The set may change between two blocks. With `sweep`, patterns
 * that have no value to look for make every row matter.
 */
export function createCrediting(indicators: IndicatorSet, sweep: boolean): Crediting {
  const { iocs, compounds, sweeping } = indicators;
  const quick = createKernelFinders()({ iocs }, { type: "json" });
  const every = createEveryLineFinder({ iocs }, { type: "json" });
  return {
    credit({ bytes: block }) {
      const all = sweep && sweeping.size > 0;
      const found = (all ? every : quick).find(block, 0, block.length);
      const rows = rowsOf(block, found);
      const credited: Credited[] = [];
      let { odd } = found;
      for (let at = 0; at < found.length; at += 3) {
        const start = found.candidates[at]!, end = found.candidates[at + 1]!;
        const value = parse(rows.text(start, end));
        if (value === undefined) {
          odd++;
          continue;
        }
        const hits = iocs.hits(value);
        if (hits.length === 0 && !all) continue;
        const held = compounds.size === 0 ? [] : heldOf(hits, compounds);
        credited.push({
          event: { bytes: rows.bytes(start, end), value },
          hits: firstOfEach(hits, compounds),
          held: all || held.length > 0 ? held : undefined,
        });
      }
      return { credited, rows: found.lines, odd };
    },
  };
}

/** Candidates of a block, out of it and safe to keep. */
interface Rows {
  bytes(start: number, end: number): Uint8Array;
  text(start: number, end: number): string;
}

/** Rows may hold bytes that are no UTF-8; they are kept in `bytes` as they came. */
const decoder = new TextDecoder();

/** Where most of a block is candidates, it is copied and decoded in one go: half a microsecond a row less. */
function rowsOf(block: Uint8Array, { candidates, length, ascii }: Findings): Rows {
  let wanted = 0;
  for (let at = 0; at < length; at += 3) wanted += candidates[at + 1]! - candidates[at]!;
  if (ascii !== true || wanted * 2 < block.length) {
    return {
      bytes: (start, end) => block.slice(start, end),
      text: (start, end) => decoder.decode(block.subarray(start, end)),
    };
  }
  const copy = block.slice();
  const text = decoder.decode(block);
  return {
    bytes: (start, end) => copy.subarray(start, end),
    text: (start, end) => text.slice(start, end),
  };
}

/**
 * An indicator of several values is seen once in an event; a value of a compound
 * pattern does not fulfil the pattern.
 */
function firstOfEach(hits: readonly Hit[], compounds: ReadonlySet<Handle>): readonly Hit[] {
  if (hits.length < 2 && compounds.size === 0) return hits;
  return hits.filter(({ handle }, at) =>
    !compounds.has(handle) && hits.findIndex((hit) => hit.handle === handle) === at
  );
}

function heldOf(hits: readonly Hit[], compounds: ReadonlySet<Handle>): Handle[] {
  const handles = hits.map(({ handle }) => handle);
  return [...new Set(handles)].filter((handle) => compounds.has(handle));
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
    handle: hit.handle,
    observable: hit.observable,
    where: { source: "vast", field: hit.field },
    event,
  };
}

/** Makes the match of a compound pattern. */
export function compoundMatchOf(
  type: MatchType,
  handle: Handle,
  event: TelemetryEvent,
  indicators: IndicatorSet,
): Match {
  return { type, indicator: indicators.get(handle), handle, where: { source: "vast" }, event };
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
