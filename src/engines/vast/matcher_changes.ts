import type { Indicator, IndicatorSet } from "../../intel/indicator.ts";

/** A change of a matcher's values that is still to be made. */
export interface MatcherChange {
  readonly type: "add" | "remove";
  readonly value: string;
  /** STIX id of the indicator. */
  readonly id: string;
}

/**
 * What a matcher is to be told: all values of a set, then each change until the signal aborts.
 * Many may take from it at once. Only what changed waits in memory; the indicators that the set
 * began with are asked for one by one.
 */
export function createMatcherChanges(
  indicators: IndicatorSet,
  signal: AbortSignal,
): AsyncIterable<MatcherChange> {
  const waiting = new Map<string, MatcherChange>();
  const handles = indicators.handles()[Symbol.iterator]();
  /** Up to this handle the indicators were taken; changes of later ones need no word. */
  let reached = -1;
  /** Takers that wait for a change. */
  const idle = new Set<() => void>();
  const wake = () => {
    for (const resume of idle) resume();
    idle.clear();
  };

  function note(type: MatcherChange["type"], { points, id }: Indicator): void {
    for (const { value } of points) {
      // Others may still want the value.
      if (type === "remove" && indicators.iocs.has(value)) continue;
      // The last word on a value counts; order among values does not.
      waiting.delete(value);
      waiting.set(value, { type, value, id });
    }
    wake();
  }

  function take(): MatcherChange | undefined {
    while (waiting.size === 0 && reached < Infinity) {
      const next = handles.next();
      reached = next.done === true ? Infinity : next.value;
      if (next.done !== true) note("add", indicators.get(next.value));
    }
    const first = waiting.values().next().value;
    if (first !== undefined) waiting.delete(first.value);
    return first;
  }

  signal.addEventListener("abort", wake, { once: true });
  indicators.onChange(({ type, handle, indicator }) => {
    if (handle <= reached) note(type === "remove" ? "remove" : "add", indicator);
  }, signal);
  return {
    async *[Symbol.asyncIterator]() {
      while (!signal.aborted) {
        const change = take();
        if (change !== undefined) yield change;
        else await new Promise<void>((resolve) => idle.add(resolve));
      }
    },
  };
}
