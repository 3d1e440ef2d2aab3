/** How a scan is cut into jobs, and whether that is worth it. */
import { withHeader } from "../events/tsv_header.ts";
import type { ScanFile } from "./finder.ts";
import type { ScanJob } from "./job.ts";

/**
 * Plain files are cut into ranges of about so many bytes at most, towards the end into this part of
 * what is left: all threads end at about the same time, and none runs out of ranges that are not too
 * far ahead while another is at a long one.
 */
const RANGE_BYTES = 8 << 20;
const PART_LEFT = 1 / 12;
const LEAST_RANGE_BYTES = 2 << 20;
/** Below this many bytes a Worker takes longer to start than it saves. */
const WORTH_WORKERS = 64 << 20;
/** Below this many bytes the kernel takes longer to compile than it saves. */
const WORTH_KERNEL = 4 << 10;
/**
 * Compressed bytes take longer than plain ones by about this factor. Of a file that is alone only the
 * looking through can be done beside the decompressing: it is worth a Worker from 16 MiB on.
 */
const COMPRESSED_WEIGHT = 20;
const LONE_WEIGHT = 4;

/** In a sweep most lines may be passed on, and wait in memory for those before them. */
const SWEEP_RANGE_BYTES = 1 << 20;
/** Bytes that are parsed take longer than those that are looked through by about this factor. */
const SWEEPING_WEIGHT = 8;

/** Whether the kernel would make a scan faster than its twin in TypeScript. */
export function isWorthKernel(files: readonly ScanFile[]): boolean {
  let bytes = 0;
  for (const { compression, size = Infinity, from = 0 } of files) {
    bytes += compression === "none" ? size - from : Infinity;
  }
  return bytes >= WORTH_KERNEL;
}

/** Whether other threads would make a scan faster. */
export function isWorthWorkers(files: readonly ScanFile[], sweeping: boolean): boolean {
  const others = files.filter((file) => !isHere(file, sweeping));
  const packedWeight = others.length === 1 ? LONE_WEIGHT : COMPRESSED_WEIGHT;
  let weight = 0;
  for (const file of others) {
    weight += bytesOf(file) * (file.compression === "none" ? 1 : packedWeight);
  }
  return weight * (sweeping ? SWEEPING_WEIGHT : 1) >= WORTH_WORKERS;
}

/**
 * Whether only the calling thread can scan a file. In a sweep it has TSV to itself if the
 * file's beginning doesn't tell what its rows say.
 */
export function isHere(file: ScanFile, sweeping: boolean): boolean {
  const { type } = file.format;
  return file.once === true || type === "lines" ||
    (sweeping && type === "tsv" && file.header === undefined);
}

/** Whether one thread can read a file for another that scans it: it has to be decompressed. */
export function isPacked({ file }: ScanJob): boolean {
  return file.compression !== "none" && file.once !== true;
}

/** How many threads would have something to do. */
export function threadsFor(jobs: readonly ScanJob[]): number {
  return jobs.length + jobs.filter(isPacked).length;
}

/** Cuts files into jobs, in order. */
export function planJobs(
  files: readonly ScanFile[],
  sweeping: boolean,
  rangeBytes = sweeping ? SWEEP_RANGE_BYTES : RANGE_BYTES,
): ScanJob[] {
  const jobs: ScanJob[] = [];
  const isWhole = (file: ScanFile) => isHere(file, sweeping) || file.compression !== "none";
  let left = files.reduce((sum, file) => sum + (isWhole(file) ? 0 : bytesOf(file)), 0);
  for (const [index, file] of files.entries()) {
    const add = (part: Partial<ScanJob>) => jobs.push({ id: jobs.length, index, file, ...part });
    if (isWhole(file) || file.size === undefined) {
      add({});
      continue;
    }
    const { size, from = 0 } = file;
    for (let start = from, end = from; end !== Infinity; start = end) {
      const bytes = Math.min(rangeBytes, Math.max(LEAST_RANGE_BYTES, left * PART_LEFT));
      // The last one takes what was written since, and no small rest is left for it.
      end = size - start < 1.5 * bytes ? Infinity : start + Math.floor(bytes);
      left -= Math.min(end, size) - start;
      // Most logs have one header, at their beginning; the tally sees where that is not so.
      const header = start === 0 ? undefined : file.header;
      const format = sweeping ? withHeader(file.format, header) : file.format;
      add({ file: { ...file, format }, range: { start, end } });
    }
  }
  return jobs;
}

function bytesOf({ size = 0, from = 0 }: ScanFile): number {
  return size - from;
}
