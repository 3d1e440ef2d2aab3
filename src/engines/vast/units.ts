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
}

/** The point values of a set, each once. */
export function collectUnits(indicators: IndicatorSet): Unit[] {
  const units = new Map<string, Observable & { handles: Handle[]; spellings: Set<string> }>();
  for (const [observable, handle] of indicators.iocs.entries()) {
    if (indicators.compounds.has(handle)) continue;
    const key = `${observable.kind} ${observable.value}`;
    let unit = units.get(key);
    if (!unit) units.set(key, unit = { ...observable, handles: [], spellings: new Set() });
    unit.handles.push(handle);
    for (const spelling of spellingsOf(observable, indicators.get(handle).pattern)) {
      unit.spellings.add(spelling);
    }
  }
  return Array.from(units.values(), (unit) => ({ ...unit, spellings: [...unit.spellings] }));
}

/** Other spellings of an observable among the texts of a pattern. */
function spellingsOf({ kind, value }: Observable, pattern: string): string[] {
  if (pattern.includes(`'${value}'`)) return [];
  const texts = pattern.match(/'(?:[^'\\]|\\.)*'/g) ?? [];
  return texts
    .map((text) => text.slice(1, -1).replace(/\\(.)/g, "$1"))
    .filter((text) => text !== value && canonical(kind, text) === value);
}
