import type { JsonObject } from "../json.ts";
import type { Place } from "../errors.ts";
import type { Observable } from "../match/observable.ts";
import type { Handle, IocSet } from "../match/set.ts";
import type { Validity } from "./filter.ts";
import type { Uuid } from "./id_words.ts";
import type { Prefilter } from "./points.ts";

/**
 * An indicator of compromise as bridge holds it, wherever it came from. Made
 * lazily where there are many: only ids and values stay resident.
 */
export interface Indicator {
  /** STIX id, `indicator--<uuid>`; for plain IoCs a UUIDv5 over kind and value, so it is stable. */
  readonly id: string;
  /** The STIX pattern, as it came or made from the value. */
  readonly pattern: string;
  /** The whole STIX 2.1 Indicator object, as received or synthesised. */
  readonly stix: JsonObject;
  /** The same as text, where it came as one. */
  readonly json?: string;
  /** The same in UTF-8, where it came so; a view that may hold much more in memory. */
  readonly bytes?: Uint8Array;
  /** That of its id, if that was read already. */
  readonly uuid?: Uuid;
  /** When it counts, if that was read already. */
  readonly validity?: Validity;
  /** Point values any of which alone fulfils the pattern; empty for compound patterns. */
  readonly points: readonly Observable[];
  /** What of a compound pattern can be looked up, if that was read already. */
  readonly prefilter?: Prefilter;
  /** Where it was read, if from a file or the command line. */
  readonly place?: Place;
}

/** What happens to an indicator over time. */
export type IndicatorChange =
  | { readonly type: "add" | "edit"; readonly handle: Handle; readonly indicator: Indicator }
  | { readonly type: "remove"; readonly handle: Handle; readonly indicator: Indicator };

/** The outcome of `IndicatorSet.put`. */
export type PutResult =
  /** `samePattern` says that the version before it was looked for, and looked for the same. */
  | { readonly type: "added" | "edited"; readonly handle: Handle; readonly samePattern?: true }
  /**
   * Not looked for; the reason in words for logs and summaries ("older version", "revoked", …).
   * `stale` says that what is held stays as it was; else this version took its place.
   */
  | { readonly type: "ignored"; readonly reason: string; readonly stale?: true };

/**
 * All indicators that engines look for: the point values in `iocs`, the compound
 * patterns by handle. Engines read it, sources write it, both at any time.
 */
export interface IndicatorSet {
  /** Number of indicators. */
  readonly size: number;
  /**
   * The point values. The values that a compound pattern can't do without stand here too,
   * under its handle: a hit on one says that the event matters, not that it matches.
   */
  readonly iocs: IocSet;
  /** Handles whose indicator is more than a disjunction of point values. */
  readonly compounds: ReadonlySet<Handle>;
  /** Those of them that no value in `iocs` gives away: any event may fulfil them. */
  readonly sweeping: ReadonlySet<Handle>;
  /** The indicator of a handle that `iocs` or `compounds` named. */
  get(handle: Handle): Indicator;
  /** The indicator that is looked for under a STIX id. */
  withId(id: string): Indicator | undefined;
  /** All that are looked for, ascending; the set may change meanwhile. */
  handles(): Iterable<Handle>;
  /** Adds, or replaces an older version with the same id. */
  put(indicator: Indicator): PutResult;
  /** Removes by STIX id; returns whether it was there. */
  remove(id: string): boolean;
  /** Calls back after each change until the signal aborts. */
  onChange(listener: (change: IndicatorChange) => void, signal: AbortSignal): void;
}
