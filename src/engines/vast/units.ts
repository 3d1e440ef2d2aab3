import type { IndicatorSet } from "../../intel/indicator.ts";
import { canonical } from "../../match/canonical.ts";
import type { Observable, ObservableKind } from "../../match/observable.ts";
import type { Handle } from "../../match/set.ts";

/** One value to ask for, whoever wants it. */
export interface Unit {
  readonly kind: ObservableKind;
  /** Canonical. */
  readonly value: string;
  /** The value as the indicators spell it, where that differs: VAST compares strings exactly. */
  readonly spellings: readonly string[];
  readonly handles: readonly Handle[];
  /** A compound pattern needs it: a limit of events would cut what the pattern has to see. */
  readonly compound: boolean;
}

/** The values of a set, those that compound patterns need among them, each once. */
export function collectUnits(indicators: IndicatorSet): Unit[] {
  const units = new Map<
    string,
    Observable & { handles: Handle[]; spellings: Set<string>; compound: boolean }
  >();
  for (const [observable, handle] of indicators.iocs.entries()) {
    const key = `${observable.kind} ${observable.value}`;
    let unit = units.get(key);
    if (!unit) {
      unit = { ...observable, handles: [], spellings: new Set(), compound: false };
      units.set(key, unit);
    }
    unit.handles.push(handle);
    unit.compound ||= indicators.compounds.has(handle);
    for (const spelling of otherSpellings(observable, indicators.get(handle).pattern)) {
      unit.spellings.add(spelling);
    }
  }
  return Array.from(units.values(), (unit) => ({ ...unit, spellings: [...unit.spellings] }));
}

/** All texts to ask for. */
export function spellingsOf({ value, spellings }: Unit): string[] {
  return [value, ...spellings];
}

/** Other spellings of an observable among the texts of a pattern. */
function otherSpellings({ kind, value }: Observable, pattern: string): string[] {
  if (pattern.includes(`'${value}'`)) return [];
  const texts = pattern.match(/'(?:[^'\\]|\\.)*'/g) ?? [];
  return texts
    .map((text) => text.slice(1, -1).replace(/\\(.)/g, "$1"))
    .filter((text) => text !== value && canonical(kind, text) === value);
}
