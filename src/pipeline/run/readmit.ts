import type { Indicator } from "../../intel/indicator.ts";
import type { OwnIndicatorSet } from "../../intel/own_indicator_set.ts";
import type { Handle } from "../../match/set.ts";
import { createNotice, sleep } from "../../wait.ts";
import type { IndicatorStore } from "./indicator_store.ts";

/** Filters and allow-lists that may change while `run` goes on. */
export interface Filters {
  /** Counts the changes. */
  readonly version: number;
  /** Resolves when they may have changed, or the signal aborts. */
  change(signal: AbortSignal): Promise<void>;
}

/** Makes filters; `changed` is for who changes them. */
export function createFilters(): Filters & { changed(): void } {
  const notice = createNotice();
  let version = 0;
  return {
    get version() {
      return version;
    },
    change: (signal) => notice.next(signal),
    changed() {
      version++;
      notice.raise();
    },
  };
}

/** What is decided about anew, and what follows from it. */
export interface ReadmitOptions {
  readonly set: OwnIndicatorSet;
  readonly filters: Filters;
  /** Without a store only what is looked for now can be decided about. */
  readonly store: Pick<IndicatorStore, "heldAs" | "reopen"> | undefined;
  readonly hunt: (handle: Handle, indicator: Indicator, signal: AbortSignal) => Promise<void>;
  readonly onChanged: (added: number, removed: number) => void;
}

/** Decides anew about all indicators whenever the filters change, until the signal aborts. */
export async function readmitOnChange(
  options: ReadmitOptions,
  signal: AbortSignal,
): Promise<void> {
  const { filters } = options;
  for (let known = filters.version; !signal.aborted;) {
    if (filters.version === known) await filters.change(signal);
    else {
      known = filters.version;
      await readmit(options, signal);
    }
  }
}

/** So many are decided about in one go. */
const PAGE = 500;

async function readmit(
  { set, store, hunt, onChanged }: ReadmitOptions,
  signal: AbortSignal,
): Promise<void> {
  let added = 0, count = 0;
  const removed: Handle[] = [];
  for (const handle of set.known()) {
    const change = set.decideAgain(handle);
    if (change === "taken out") removed.push(handle);
    if (change === "taken in") {
      added++;
      if (store?.heldAs(handle).hunted === false) await hunt(handle, set.get(handle), signal);
    }
    if (++count % PAGE > 0) continue;
    await sleep(0, signal);
    if (signal.aborted) return;
  }
  // What happens from now on is not searched for them.
  if (removed.length > 0) await store?.reopen(removed);
  onChanged(added, removed.length);
}
