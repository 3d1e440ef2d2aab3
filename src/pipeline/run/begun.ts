/** Hunts for indicators that were not valid yet when they came. */
import type { LiveMark } from "../../engines/engine.ts";
import type { Indicator } from "../../intel/indicator.ts";
import type { OwnIndicatorSet } from "../../intel/own_indicator_set.ts";
import type { Handle } from "../../match/set.ts";
import { createNotice } from "../../wait.ts";
import type { IndicatorStore } from "./indicator_store.ts";
import type { RetroTask } from "./retro_loop.ts";

/** What those that become valid go through. */
export interface BegunOptions {
  readonly indicators: Pick<OwnIndicatorSet, "isLive" | "get">;
  readonly store: Pick<IndicatorStore, "heldAs" | "revision"> | undefined;
  /** The moment of live matching. */
  readonly mark: (() => LiveMark) | undefined;
  readonly push: (tasks: readonly RetroTask[], signal: AbortSignal) => Promise<void>;
  /** Told of each version that is looked for from now on. */
  readonly onTaken: (indicator: Indicator) => unknown;
}

/** Those that became valid, on their way to be hunted for. */
export interface Begun {
  /** These became valid just now. */
  add(handles: readonly Handle[]): void;
  /** Hands them on until the signal aborts; what is left then is known to the store. */
  run(signal: AbortSignal): Promise<void>;
}

export function createBegun({ indicators, store, mark, push, onTaken }: BegunOptions): Begun {
  const queue: { readonly handles: readonly Handle[]; readonly end: LiveMark | undefined }[] = [];
  const notice = createNotice();
  return {
    add(handles) {
      if (handles.length === 0) return;
      queue.push({ handles, end: mark?.() });
      notice.raise();
    },
    async run(signal) {
      while (!signal.aborted) {
        const next = queue.shift();
        if (next === undefined) {
          await notice.next(signal);
          continue;
        }
        const tasks: RetroTask[] = [];
        for (const handle of next.handles) {
          if (!indicators.isLive(handle)) continue;
          const indicator = indicators.get(handle);
          onTaken(indicator);
          // Another version may have been searched for the same.
          if (store?.heldAs(handle).hunted === true) continue;
          tasks.push({ handle, indicator, revision: store?.revision ?? 0, end: next.end });
        }
        await push(tasks, signal);
      }
    },
  };
}
