/** A piece of a scan that one thread does by itself. */
import { openByteStream } from "../read/byte_stream.ts";
import type { BlockLimits } from "../read/blocks.ts";
import type { IocSet } from "../../../match/set.ts";
import { type FilterCopy, pasteFilter } from "./filter.ts";
import { identityOf } from "../read/identity.ts";
import {
  type Candidate,
  type LineFormat,
  MOVED,
  type Needles,
  type ScanFile,
  type ScanTrouble,
  type Sweep,
} from "./finder.ts";
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

/**
 * A chunk of a range is of several blocks, about so many bytes: what becomes of a chunk, through all
 * those that iterate over it, takes half as long as looking through a block.
 */
const CHUNK_BYTES = 2 << 20;

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
  let format = file.format;
  const end = Math.min(range.end, file.size ?? range.end);
  let done = range.start;
  let chunk = emptyChunk();
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
      chunk.bytes += bytes;
      chunk.lines += found.lines;
      for (const candidate of found.candidates) chunk.candidates.push(candidate);
      for (const trouble of found.troubles) chunk.troubles.push(trouble);
      if (chunk.bytes < CHUNK_BYTES) continue;
      yield { ...chunk, end: false, format };
      chunk = emptyChunk();
    }
    if (source.statSync().size < (file.size ?? 0)) chunk.troubles.push(MOVED);
  } catch (error) {
    signal.throwIfAborted();
    chunk.troubles.push(troubleOf(error));
  }
  if (Number.isFinite(end)) chunk.bytes += end - done;
  yield { ...chunk, end: true, format };
}

function emptyChunk() {
  return {
    bytes: 0,
    lines: 0,
    candidates: [] as Candidate[],
    troubles: [] as ScanTrouble[],
  };
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
