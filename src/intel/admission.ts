/** Decides which indicators and values are looked for, and counts those that are not. */
import type { JsonObject } from "../json.ts";
import type { Observable } from "../match/observable.ts";
import { PackedObservable } from "../match/packed_observable.ts";
import { type IndicatorFilter, passesAll, rejection, type Validity } from "./filter.ts";

/** Decides which values must not be looked for; see `allow/`. */
export interface Guard {
  /** Why a value is held back; undefined lets it pass. `explicit` says that a person named it by itself. */
  reason(observable: Observable, explicit?: boolean): string | undefined;
  /** False only if the value (kind and bytes as in `IocView`) passes for sure: spares making objects. */
  concerns(kind: number, bytes: Uint8Array, start: number, end: number): boolean;
  /** The same as tables, if that can be: other simple values pass for sure. */
  readonly sieve?: GuardSieve | undefined;
}

/** Simple values (see `readers/simple.ts`) that a guard may hold back. */
export interface GuardSieve {
  /** IPv4 addresses by their first two octets: a bit for each pair, 8 KiB. */
  readonly pairs: Uint8Array;
  /** Domains by their first byte: a bit for each length below 32. */
  readonly shapes: Uint32Array<ArrayBuffer>;
}

/** By what is decided; the fields may change. */
export interface AdmissionOptions {
  readonly filter?: IndicatorFilter | undefined;
  /** Asked for each point value as it comes in. */
  readonly guard?: Guard;
  /** Indicators past their `valid_until` are kept, for hunts in old logs. */
  readonly keepExpired?: boolean;
}

/** See the top of the file. */
export interface Admission {
  /** Those of the points that the guard lets pass. */
  allowed(points: readonly Observable[]): readonly Observable[];
  /**
   * The points of a version that are looked for (none if it is compound), or why it must not be.
   * Asks for the object only if a filter does.
   */
  decide(
    points: readonly Observable[],
    validity: Validity,
    stix: () => JsonObject,
    now: number,
  ): readonly Observable[] | string;
  /** Counts the points that are not among those that are looked for. */
  holdOthers(points: readonly Observable[], allowed: readonly Observable[]): void;
  /** Counts something that is not looked for. */
  hold(reason: string): void;
  /** What was held back, by reason in few fixed words. */
  readonly heldBack: ReadonlyMap<string, number>;
}

/** Makes the one that decides by these options. */
export function createAdmission(options: AdmissionOptions): Admission {
  const heldBack = new Map<string, number>();
  /** The filter that was last found to let all pass: another one comes seldom. */
  let open: IndicatorFilter | undefined;

  function reasonOf(point: Observable): string | undefined {
    const { guard } = options;
    if (guard === undefined) return undefined;
    if (point instanceof PackedObservable) {
      // Of nearly all no string is needed.
      const { number, bytes, start, end } = point;
      if (!guard.concerns(number, bytes, start, end)) return undefined;
      // Read once, as each list asks for it.
      return guard.reason({ kind: point.kind, value: point.value });
    }
    return guard.reason(point);
  }

  function allowed(points: readonly Observable[]): readonly Observable[] {
    // Nearly always all of them pass.
    for (let at = 0; at < points.length; at++) {
      if (reasonOf(points[at]!) === undefined) continue;
      return points.filter((point) => reasonOf(point) === undefined);
    }
    return points;
  }

  /** Why the filter does not let a version pass; undefined if it does. */
  function rejected(stix: () => JsonObject): string | undefined {
    const { filter } = options;
    if (filter === undefined || filter === open) return undefined;
    if (!passesAll(filter)) return rejection(stix(), filter);
    open = filter;
    return undefined;
  }

  function hold(reason: string): void {
    heldBack.set(reason, (heldBack.get(reason) ?? 0) + 1);
  }

  return {
    allowed,
    decide(points, { revoked, until }, stix, now) {
      if (revoked) return "revoked";
      if (until <= now && options.keepExpired !== true) return "expired";
      const filtered = rejected(stix);
      if (filtered !== undefined) return filtered;
      const left = allowed(points);
      return left.length === 0 && points.length > 0 ? reasonOf(points[0]!)! : left;
    },
    holdOthers(points, allowed) {
      for (const point of points) if (!allowed.includes(point)) hold(reasonOf(point)!);
    },
    hold,
    heldBack,
  };
}
