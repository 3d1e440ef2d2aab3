import { sleep } from "../../../wait.ts";
import type { IocSet } from "../../../match/set.ts";
import type { CreateFinder } from "../scan/finder.ts";

/** Time between two looks at a set that changes, and at one that does not, ms. */
const BUSY = 20;
const IDLE = 250;

/**
 * Has finders take in what changes in a set while no lines come, a little at a time, until the
 * signal aborts: else the next line would wait until all of it is taken in.
 */
export async function keepUp(
  finders: CreateFinder,
  iocs: IocSet,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(takeIn(finders, iocs) ? BUSY : IDLE, signal);
  }
}

function takeIn(finders: CreateFinder, iocs: IocSet): boolean {
  try {
    return finders.keepUp?.(iocs) === true;
  } catch {
    // Who reads the next line meets the same error and sees to it.
    return false;
  }
}
