/** Small indicator sets for tests of the engine. */
import type { Indicator, IndicatorChange, IndicatorSet } from "../../../src/intel/indicator.ts";
import { canonical, inferKind } from "../../../src/match/canonical.ts";
import { createIocSet } from "../../../src/match/ioc_set.ts";
import type { ObservableKind } from "../../../src/match/observable.ts";
import type { Handle, IocSetOptions } from "../../../src/match/set.ts";

/** An indicator for one value; its id tells the value. */
export function indicatorOf(text: string, kind?: ObservableKind): Indicator {
  const known = kind ?? inferKind(text) ?? "domain";
  const value = canonical(known, text)!;
  const id = `indicator--${uuidOf(text)}`;
  const pattern = `[x:value = '${text.replace(/['\\]/g, "\\$&")}']`;
  return {
    id,
    pattern,
    stix: { type: "indicator", id, pattern },
    points: [{ kind: known, value }],
  };
}

function uuidOf(text: string): string {
  let hash = 7n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = (hash * 1099511628211n + BigInt(byte)) % (1n << 120n);
  }
  const digits = hash.toString(16).padStart(32, "0");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** A set that holds such indicators. */
export function indicatorSet(
  texts: Iterable<string | Indicator>,
  options: IocSetOptions = {},
): IndicatorSet {
  const iocs = createIocSet(options);
  const byHandle = new Map<Handle, Indicator>();
  const listeners = new Set<(change: IndicatorChange) => void>();
  let next = 0;
  const set: IndicatorSet = {
    iocs,
    compounds: new Set(),
    sweeping: new Set(),
    get size() {
      return byHandle.size;
    },
    get: (handle) => byHandle.get(handle)!,
    withId: (id) => [...byHandle.values()].find((indicator) => indicator.id === id),
    handles: () => byHandle.keys(),
    put(indicator) {
      const handle = next++;
      byHandle.set(handle, indicator);
      for (const point of indicator.points) iocs.add(point, handle);
      for (const listener of listeners) listener({ type: "add", handle, indicator });
      return { type: "added", handle };
    },
    remove(id) {
      const found = [...byHandle].find(([, indicator]) => indicator.id === id);
      if (!found) return false;
      const [handle, indicator] = found;
      byHandle.delete(handle);
      for (const point of indicator.points) iocs.remove(point, handle);
      for (const listener of listeners) listener({ type: "remove", handle, indicator });
      return true;
    },
    onChange(listener, signal) {
      listeners.add(listener);
      signal.addEventListener("abort", () => listeners.delete(listener));
    },
  };
  for (const text of texts) set.put(typeof text === "string" ? indicatorOf(text) : text);
  return set;
}
