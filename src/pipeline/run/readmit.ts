import type { Indicator, IndicatorSet } from "../../intel/indicator.ts";
import type { OwnIndicatorSet } from "../../intel/indicator_set.ts";
import { createNotice, sleep } from "../../wait.ts";

/** Filters and allow-lists that may change while `run` goes on. */
export interface Filters {
  /** Makes a set that takes what these let pass. */
  createProbe(): IndicatorSet;
  /** Counts the changes. */
  readonly version: number;
  /** Resolves when they may have changed, or the signal aborts. */
  change(signal: AbortSignal): Promise<void>;
}

/** Makes filters; `changed` is for who changes them. */
export function createFilters(
  createProbe: () => IndicatorSet,
): Filters & { changed(): void } {
  const notice = createNotice();
  let version = 0;
  return {
    createProbe,
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
  /** All that was ever taken in, looked for or not. */
  readonly held: () => Iterable<{ readonly indicator: Indicator; readonly hunted: boolean }>;
  /** A later version is on its way to the disk: that one has met the new filters already. */
  readonly isUnderWay: (id: string) => boolean;
  readonly hunt: (indicator: Indicator, signal: AbortSignal) => Promise<void>;
  /** They are looked for no longer: what happens from now on is not searched for them. */
  readonly reopen: (ids: readonly string[]) => Promise<void>;
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
  { set, filters, held, isUnderWay, hunt, reopen, onChanged }: ReadmitOptions,
  signal: AbortSignal,
): Promise<void> {
  let added = 0, count = 0;
  const removed: string[] = [];
  let probe = filters.createProbe();
  for (const { indicator, hunted } of held()) {
    const { id } = indicator;
    if (isUnderWay(id)) continue;
    const was = set.has(id);
    const is = probe.put(indicator).type !== "ignored";
    // Of several values another one may be allow-listed now.
    if (was !== is || (is && indicator.points.length > 1)) {
      set.remove(id);
      set.put(indicator);
    }
    if (was && !is) removed.push(id);
    if (is && !was) {
      added++;
      if (!hunted) await hunt(indicator, signal);
    }
    if (++count % PAGE > 0) continue;
    probe = filters.createProbe();
    await sleep(0, signal);
    if (signal.aborted) return;
  }
  if (removed.length > 0) await reopen(removed);
  onChanged(added, removed.length);
}
