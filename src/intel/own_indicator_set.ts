/** What the owner of an indicator set may do with it. */
import type { OwnIocSet } from "../match/ioc_set.ts";
import type { Handle, IocSetOptions } from "../match/set.ts";
import type { AdmissionOptions } from "./admission.ts";
import type { Documents } from "./documents.ts";
import type { Indicator, IndicatorSet } from "./indicator.ts";
import type { PlainIntake } from "./plain_values.ts";
import type { PackedVersions } from "./packed_versions.ts";

/** Options of an indicator set. */
export interface IndicatorSetOptions extends IocSetOptions, AdmissionOptions {
  /** Where STIX objects are kept; in memory unless said. */
  readonly documents?: Documents;
  /** The clock, ms since the epoch. */
  readonly now?: () => number;
}

/** What the owner of an indicator set may do besides: let time pass, and load plain values fast. */
export interface OwnIndicatorSet extends IndicatorSet, PlainIntake {
  readonly iocs: OwnIocSet;
  /** The moment (ms since the epoch) at which `tick` will have something to do; Infinity if never. */
  readonly nextTick: number;
  /**
   * Removes what is past its `valid_until` and adds what reached its `valid_from`, so many at
   * most; each `put` does so with a few. Nothing here sets timers.
   */
  tick(now: number, most?: number): void;
  /** Handles whose versions reached their `valid_from` since the last call. */
  takeBegun(): Handle[];
  /** Whether a handle still names the STIX indicator with the id of this one, and it is looked for now. */
  holds(handle: Handle, indicator: Pick<Indicator, "id" | "uuid">): boolean;
  /** The handle of a STIX id, looked for or not; undefined if it never came or was removed. */
  handleOf(id: string): Handle | undefined;
  /** Whether the indicator of a handle is looked for now. */
  isLive(handle: Handle): boolean;
  /**
   * Takes what `documents` hold from before, the handles ascending, into an empty set: without
   * reading the objects, as far as filters don't ask for them. `most` is a bound of their number,
   * `bytes` about what their values have. Returns how many are looked for.
   */
  restore(held: Iterable<PackedVersions>, most: number, bytes: number): number;
  /** Makes room for so many STIX indicators in all, whose values have about so many bytes. */
  reserve(count: number, bytes: number): void;
  /** All handles whose version is known, looked for or not. */
  known(): Iterable<Handle>;
  /**
   * Decides anew about the version of a handle, after the filter or guard changed, as far as
   * `documents` still have it; says whether it is looked for, if that changed.
   */
  decideAgain(handle: Handle): "taken in" | "taken out" | undefined;
  /** What was held back, by reason in few fixed words ("allow-listed by x", "revoked", …). */
  readonly heldBack: ReadonlyMap<string, number>;
  /** Number of a source of plain values, for `putPlain`; `undefined` where there is none. */
  source(file: string | undefined): number;
}
