/** The scans of an engine: with the kernel on all cores, or without where that is quicker. */
import type { CreateFinder, Scan, ScanFile } from "./finder.ts";
import { createInlineScan, type InlineScanParts } from "./inline.ts";
import { createPlainFinder } from "./plain_finder.ts";
import { isWorthKernel } from "./plan.ts";

/** A scan that loads the kernel, and all that goes with it, when a hunt is worth it. */
export interface LogScan {
  readonly scan: Scan;
  /** Gets ready for a scan of these files, for which it need not be known what to look for. */
  prepare(files: readonly ScanFile[]): Promise<void>;
  /** Makes finders that share the kernels of the scan. */
  createFinder(): Promise<CreateFinder>;
  /** Ends what was made ready and not used. */
  close(): Promise<void>;
}

/** Makes the scan of an engine. */
export function createLogScan(parts: Omit<InlineScanParts, "createFinder">): LogScan {
  const tiny = createInlineScan({ ...parts, createFinder: createPlainFinder });
  let loaded: ReturnType<typeof load> | undefined;
  const load = async () => (await import("./kernel_scan.ts")).createKernelScan(parts);
  const kernel = () => loaded ??= load();
  return {
    async *scan(files, needles, signal) {
      const scan = isWorthKernel(files) ? (await kernel()).scan : tiny;
      yield* scan(files, needles, signal);
    },
    async prepare(files) {
      if (isWorthKernel(files)) (await kernel()).scan.prepare(files);
    },
    createFinder: async () => (await kernel()).createFinder,
    close: async () => (await loaded)?.scan.close(),
  };
}
