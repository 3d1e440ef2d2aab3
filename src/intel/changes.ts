import type { Handle } from "../match/set.ts";
import type { Indicator, IndicatorChange } from "./indicator.ts";

/** Those who want to hear of the changes of an indicator set. */
export interface Listeners {
  /** Whether there are any: what nobody hears need not be put together. */
  readonly any: boolean;
  /** The indicator is made only for who asks for it. */
  tell(type: IndicatorChange["type"], handle: Handle, indicator: () => Indicator): void;
  /** Adds one until the signal aborts. */
  add(listener: (change: IndicatorChange) => void, signal: AbortSignal): void;
}

/** Makes an empty list of listeners. */
export function createListeners(): Listeners {
  const listeners = new Set<(change: IndicatorChange) => void>();
  return {
    get any() {
      return listeners.size > 0;
    },
    tell(type, handle, indicator) {
      if (listeners.size === 0) return;
      const change = new Change(type, handle, indicator) as IndicatorChange;
      for (const listener of listeners) listener(change);
    },
    add(listener, signal) {
      if (signal.aborted) return;
      const own = (change: IndicatorChange) => listener(change);
      listeners.add(own);
      signal.addEventListener("abort", () => listeners.delete(own), { once: true });
    },
  };
}

/** A class, as an object with a getter of its own costs more than all else about a change. */
class Change {
  constructor(
    readonly type: IndicatorChange["type"],
    readonly handle: Handle,
    private readonly read: () => Indicator,
  ) {}

  get indicator(): Indicator {
    return this.read();
  }
}
