/** Scanning on all cores: jobs are spread over Workers and this thread, results come in order. */
import { createTurns } from "../../../wait.ts";
import { receiveAhead } from "../read/ahead.ts";
import { DEFAULT_LIMITS } from "../read/blocks.ts";
import { type Board, createBoard } from "./board.ts";
import type { Needles, Scan, ScanChunk, ScanFile } from "./finder.ts";
import { createInlineScan, type InlineScanParts, type OpenFile, scanFile } from "./inline.ts";
import { createJobRunner, type JobChunk, type ScanJob } from "./job.ts";
import type { Hunter, Hunters } from "./kernel_finder.ts";
import { isHere, isPacked, isWorthWorkers, planJobs, threadsFor } from "./plan.ts";
import { createTally } from "./tally.ts";
import { type Reading, startTeam, type Team } from "./team.ts";

/** What the pool is made of. */
export interface PoolScanParts extends InlineScanParts {
  readonly hunters: Hunters;
  /** Threads that scan, this one included. */
  readonly threads?: number;
  /** Cuts plain files into ranges of so many bytes, and uses Workers however small the input; for tests. */
  readonly rangeBytes?: number;
}

/** The parts of a scan that does use Workers. */
type Parts = PoolScanParts & {
  readonly hunter: Hunter;
  /** A file that is read already. */
  readonly reading: Reading | undefined;
};

/** Jobs that may be done ahead of what was handed on, a thread. */
const AHEAD = 6;

/** How long this thread scans before it looks for messages, ms. */
const TURN = 2;

/** A scan whose Workers can be started before it is known what to look for. */
export interface PoolScan {
  (...args: Parameters<Scan>): ReturnType<Scan>;
  /** Starts the Workers that a scan of these files will use. */
  prepare(files: readonly ScanFile[]): void;
  /** Ends Workers that were started and not used. */
  close(): void;
}

/** Scans on all cores where that is faster, else in the calling thread. */
export function createPoolScan(parts: PoolScanParts): PoolScan {
  const inline = createInlineScan(parts);
  const threads = parts.threads ?? navigator.hardwareConcurrency;
  const isWorth = (files: readonly ScanFile[], sweeping: boolean) =>
    threads > 1 && (parts.rangeBytes !== undefined || isWorthWorkers(files, sweeping));
  const start = (module: WebAssembly.Module, jobs: readonly ScanJob[]) => {
    const size = Math.min(threads, threadsFor(jobs)) - 1;
    return startTeam(size, module, parts.limits ?? DEFAULT_LIMITS);
  };
  let ready: { readonly team: Team; readonly reading: Reading | undefined } | undefined;

  const scan: Scan = (files, needles, signal) => {
    const sweeping = needles.sweep !== undefined;
    const alone = !isWorth(files, sweeping);
    const hunter = alone ? undefined : parts.hunters(needles.iocs);
    if (hunter === undefined) return inline(files, needles, signal);
    const jobs = planJobs(files, sweeping, parts.rangeBytes);
    const { team, reading } = ready ?? { team: start(hunter.module, jobs), reading: undefined };
    ready = undefined;
    return scanInPool(needles, signal, jobs, team, { ...parts, hunter, reading });
  };
  return Object.assign(scan, {
    prepare(files: readonly ScanFile[]) {
      const module = isWorth(files, false) ? parts.hunters.module() : undefined;
      if (module === undefined || ready !== undefined) return;
      const jobs = planJobs(files, false, parts.rangeBytes);
      const team = start(module, jobs);
      const [first, ...others] = jobs;
      // What is decompressed now is there when it is known what to look for.
      const paired = first !== undefined && isPaired(first, others.length, team);
      const reading = paired ? team.read(first.file) : undefined;
      ready = { team, reading };
    },
    close: () => ready?.team.end(),
  });
}

/** Whether two threads should do a job: one that others wait for while they have nothing to do. */
function isPaired(job: ScanJob, free: number, team: Team): boolean {
  return isPacked(job) && free < team.idle;
}

async function* scanInPool(
  needles: Needles,
  signal: AbortSignal,
  jobs: readonly ScanJob[],
  team: Team,
  parts: Parts,
): AsyncGenerator<ScanChunk> {
  const board = createBoard(jobs, AHEAD * (team.size + 1));
  const news = createNews();
  let failure: Error | undefined;
  team.follow({
    chunk(id, chunk) {
      board.put(id, chunk);
      // At once, as this thread may be waiting for matches to be written.
      if (chunk.end) here.handOut();
      news.tell();
    },
    lost(ids, error) {
      if (!ids.map(board.giveBack).every(Boolean)) failure = error;
      news.tell();
    },
  });
  const stop = () => {
    team.end();
    news.tell();
  };
  signal.addEventListener("abort", stop);
  const sweeping = needles.sweep !== undefined;
  const here = createOwnPart(board, team, needles, sweeping, parts, signal);
  try {
    const tally = createTally(jobs);
    while (!board.done) {
      signal.throwIfAborted();
      if (failure !== undefined) throw failure;
      const ready = board.shift();
      if (ready === undefined) {
        if (!await here.work()) await news.wait();
        continue;
      }
      const { job, chunk } = ready;
      team.taken(job.id);
      if (!tally.isMistaken(job)) yield tally.add(job, chunk);
      else if (chunk.end) {
        const file = { ...job.file, format: tally.format(job) };
        for await (const again of here.redo({ ...job, file })) {
          yield tally.add({ ...job, file }, again);
        }
      }
    }
  } finally {
    signal.removeEventListener("abort", stop);
    team.end();
    await here.end();
  }
}

/** What this thread does for the scan. */
interface OwnPart {
  /** Gives out jobs to the Workers. */
  handOut(): void;
  /** Gives out jobs, then does one step of its own; false if there is nothing to do. */
  work(): Promise<boolean>;
  /** Does a job now, whatever else is under way. */
  redo(job: ScanJob): AsyncIterable<JobChunk>;
  end(): Promise<void>;
}

function createOwnPart(
  board: Board,
  team: Team,
  needles: Needles,
  sweeping: boolean,
  parts: Parts,
  signal: AbortSignal,
): OwnPart {
  const { filter, module } = parts.hunter;
  const runner = createJobRunner(module, parts.limits ?? DEFAULT_LIMITS);
  const turns = createTurns();
  let passedOn: number | undefined;
  let swept: number | undefined;
  let current: { readonly id: number; readonly chunks: AsyncGenerator<JobChunk> } | undefined;

  async function* run(job: ScanJob, open: OpenFile | undefined): AsyncGenerator<JobChunk> {
    if (!isHere(job.file, sweeping)) return yield* runner.run(job, signal, open);
    const scanned = scanFile(job.file, needles, { ...parts, ...open && { open } }, signal);
    for await (const chunk of scanned) yield { ...chunk, format: job.file.format };
  }

  /** Where a Worker reads the file, if one should. */
  function readBeside(job: ScanJob): OpenFile | undefined {
    const begun = parts.reading;
    if (begun !== undefined && job.file === begun.file) return openerOf(begun, signal);
    if (!isPaired(job, board.free, team)) return undefined;
    const reading = team.read(job.file);
    return reading && openerOf(reading, signal);
  }

  /** Passes a changed filter on; this thread's own waits for the next job. */
  function refresh(): void {
    filter.update();
    const { sweep } = needles;
    if (sweep?.version !== swept) {
      swept = sweep?.version;
      team.sweep(sweep?.patterns() ?? []);
      runner.sweep(sweep);
    }
    if (filter.version === passedOn) return;
    passedOn = filter.version;
    const copy = filter.copy();
    team.use(copy);
    runner.use(copy);
  }

  async function step({ id, chunks }: NonNullable<typeof current>): Promise<void> {
    const next = await chunks.next();
    if (next.done) throw new Error(`Scan job ${id} ended without an end`);
    board.put(id, next.value);
    if (next.value.end) current = undefined;
  }

  function handOut(): void {
    team.handOut(
      (suits) => board.take((job) => !isHere(job.file, sweeping) && suits(job)),
      (job) => isPaired(job, board.free, team),
    );
  }

  return {
    handOut,
    redo(job) {
      const other = createJobRunner(module, parts.limits ?? DEFAULT_LIMITS);
      other.use(filter.copy());
      other.sweep(needles.sweep);
      return other.run(job, signal);
    },
    async end() {
      turns.end();
      await current?.chunks.return(undefined);
    },
    async work() {
      if (current === undefined) refresh();
      if (current === undefined) {
        const job = board.take(() => true);
        if (job !== undefined) current = { id: job.id, chunks: run(job, readBeside(job)) };
      }
      handOut();
      if (current === undefined) return false;
      const until = performance.now() + TURN;
      do await step(current); while (current !== undefined && performance.now() < until);
      await turns.next();
      return true;
    },
  };
}

/** Takes what a Worker reads for the file. */
function openerOf(reading: Reading, signal: AbortSignal): OpenFile {
  return async () => {
    const either = AbortSignal.any([signal, reading.lost]);
    const stream = await receiveAhead(reading.port, either).catch((error) => {
      reading.done();
      throw error;
    });
    const { close } = stream;
    return Object.assign(stream, {
      close() {
        close();
        reading.done();
      },
    });
  };
}

/** A bell that may ring before anybody listens. */
function createNews() {
  let { promise, resolve } = Promise.withResolvers<void>();
  return {
    tell: () => resolve(),
    async wait() {
      await promise;
      ({ promise, resolve } = Promise.withResolvers<void>());
    },
  };
}
