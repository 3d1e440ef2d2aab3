/** A piece of a scan that one thread does by itself. */
import { openByteStream } from "../read/byte_stream.ts";
import type { BlockLimits } from "../read/blocks.ts";
import type { IocSet } from "../../../match/set.ts";
import { type FilterCopy, pasteFilter } from "./filter.ts";
import { identityOf } from "../read/identity.ts";
import { type LineFormat, MOVED, type Needles, type ScanFile, type Sweep } from "./finder.ts";
import {
  createBlockScanner,
  type FileChunk,
  type OpenFile,
  scanFile,
  troubleOf,
} from "./inline.ts";
import { createKernel, type Kernel } from "./kernel.ts";
import { createPastedFinders } from "./kernel_finder.ts";
import { type ByteRange, readRange } from "./range.ts";

/** A file, or a stretch of one that is not compressed. */
export interface ScanJob {
  readonly id: number;
  /** Index of the file. */
  readonly index: number;
  readonly file: ScanFile;
  readonly range?: ByteRange;
}

/** A chunk of a job: lines count from 1 at the start of the job. */
export interface JobChunk extends FileChunk {
  /** The format after this chunk, which headers may have changed. */
  readonly format: LineFormat;
}

/** Does jobs with a filter that was made elsewhere. */
export interface JobRunner {
  /** Takes another filter, between jobs. */
  use(filter: FilterCopy): void;
  /** Takes another sweep, between jobs. */
  sweep(sweep: Sweep | undefined): void;
  /** Does a job; a file that is not read in ranges by `open` if given. */
  run(job: ScanJob, signal: AbortSignal, open?: OpenFile): AsyncGenerator<JobChunk>;
}

/** Blocks of plain files: what is read, looked through and filtered with stays in the second-level cache. */
const BLOCK_BYTES = 256 << 10;

/** Makes a runner; it does one job at a time. */
export function createJobRunner(module: WebAssembly.Module, limits: BlockLimits): JobRunner {
  const kernel = createKernel(module);
  // The set behind a pasted filter is not here; nothing asks for it.
  let needles: Needles = { iocs: undefined as unknown as IocSet };
  return {
    use: (filter) => pasteFilter(kernel, filter),
    sweep: (sweep) => needles = { ...needles, sweep },
    run(job, signal, open = openByFile) {
      const parts = { kernel, needles, limits };
      return job.range === undefined
        ? runFile(job, { ...parts, open }, signal)
        : runRange(job, job.range, parts, signal);
    },
  };
}

/** What jobs are done with. */
interface RunParts {
  readonly kernel: Kernel;
  readonly needles: Needles;
  readonly limits: BlockLimits;
}

const openByFile: OpenFile = (file, signal) => openByteStream(file.path, signal, file);

async function* runFile(
  { file }: ScanJob,
  { kernel, needles, limits, open }: RunParts & { readonly open: OpenFile },
  signal: AbortSignal,
): AsyncGenerator<JobChunk> {
  const parts = { createFinder: createPastedFinders(kernel), open, limits };
  for await (const chunk of scanFile(file, needles, parts, signal)) {
    yield { ...chunk, format: file.format };
  }
}

async function* runRange(
  { file }: ScanJob,
  range: ByteRange,
  { kernel, needles, limits }: RunParts,
  signal: AbortSignal,
): AsyncGenerator<JobChunk> {
  const none = { lines: 0, candidates: [], troubles: [] };
  let format = file.format;
  const end = Math.min(range.end, file.size ?? range.end);
  let done = range.start;
  try {
    using source = openAsListed(file);
    const scanner = createBlockScanner(format, needles, createPastedFinders(kernel), 1, limits);
    const blockBytes = Math.min(limits.blockBytes, BLOCK_BYTES);
    for (const block of readRange(source, range, roomIn(kernel), { ...limits, blockBytes })) {
      signal.throwIfAborted();
      const found = scanner.scan(block);
      format = scanner.format;
      const bytes = Math.max(0, Math.min(block.end, end) - done);
      done += bytes;
      yield { ...found, bytes, end: false, format };
    }
    if (source.statSync().size < (file.size ?? 0)) {
      yield { ...none, troubles: [MOVED], bytes: 0, end: false, format };
    }
  } catch (error) {
    signal.throwIfAborted();
    yield { ...none, troubles: [troubleOf(error)], bytes: 0, end: false, format };
  }
  yield { ...none, bytes: Number.isFinite(end) ? end - done : 0, end: true, format };
}

/** @throws Deno.errors.NotFound also when another file has its name by now */
function openAsListed({ path, identity }: ScanFile): Deno.FsFile {
  const source = Deno.openSync(path);
  if (identity === undefined || identityOf(source.statSync(), path) === identity) return source;
  source.close();
  throw new Deno.errors.NotFound("Another file has its name");
}

/** Buffers in the kernel's input, where finding needs no copy. */
function roomIn(kernel: Kernel) {
  return (length: number) => {
    const at = kernel.input(length);
    return kernel.bytes().subarray(at, at + length);
  };
}
