import type { CreateFinder } from "./finder.ts";
import type { InlineScanParts } from "./inline.ts";
import { createHunters, createKernelFinders } from "./kernel_finder.ts";
import { createPoolScan, type PoolScan } from "./pool.ts";

/** The pool's scan and finders, which share the kernels: a filter is in memory once. */
export interface KernelScan {
  readonly scan: PoolScan;
  readonly createFinder: CreateFinder;
}

/** Makes both. */
export function createKernelScan(parts: Omit<InlineScanParts, "createFinder">): KernelScan {
  const hunters = createHunters();
  const createFinder = createKernelFinders(hunters);
  return { scan: createPoolScan({ ...parts, hunters, createFinder }), createFinder };
}
