/** The Workers of a pool. */
import { workerUrl } from "../../../worker_url.ts";
import type { BlockLimits } from "../read/blocks.ts";
import type { FilterCopy } from "./filter.ts";
import type { ScanFile } from "./finder.ts";
import type { JobChunk, ScanJob } from "./job.ts";
import { type Order, type Report, unpack } from "./wire.ts";

/** Jobs given to a Worker at a time, so that it never waits for the next. */
const QUEUED = 3;

/** What a team tells. */
export interface TeamEvents {
  chunk(id: number, chunk: JobChunk): void;
  /** A Worker died over these jobs. */
  lost(ids: readonly number[], error: Error): void;
}

/** A file that a Worker reads for another thread. */
export interface Reading {
  readonly file: ScanFile;
  /** Where its bytes come (`receiveAhead`). */
  readonly port: MessagePort;
  /** Aborts if the Worker dies over it. */
  readonly lost: AbortSignal;
  /** All was read, or no more is wanted: the Worker is free again. */
  done(): void;
}

/** Some Workers that scan. */
export interface Team {
  readonly size: number;
  /** Workers that have nothing to do. */
  readonly idle: number;
  /** Says who hears what is told from now on; before that nobody has anything to tell. */
  follow(events: TeamEvents): void;
  use(filter: FilterCopy): void;
  sweep(patterns: readonly string[]): void;
  /** Has an idle Worker read a file; undefined if there is none. */
  read(file: ScanFile): Reading | undefined;
  /**
   * Gives out jobs, as long as there are some and somebody to do them. A job that
   * `isPaired` takes two Workers, one of which reads for the other.
   */
  handOut(
    next: (suits: (job: ScanJob) => boolean) => ScanJob | undefined,
    isPaired: IsPaired,
  ): void;
  /** A chunk was handed on: its Worker may send another. */
  taken(id: number): void;
  /** Ends all Workers at once, whatever they do. */
  end(): void;
}

/** Whether a job is so long, and other threads so idle, that two should do it. */
export type IsPaired = (job: ScanJob) => boolean;

/** What a Worker does. */
interface Member {
  readonly worker: Worker;
  readonly jobs: Map<number, ScanJob>;
  reading: AbortController | undefined;
}

/** Starts `size` Workers, for each of which this thread waits until it stands. */
export function startTeam(size: number, module: WebAssembly.Module, limits: BlockLimits): Team {
  let events: TeamEvents | undefined;
  const members = new Set<Member>();
  const doers = new Map<number, Member>();
  /** What is read for jobs of Workers. */
  const readings = new Map<number, Reading>();

  function onReport({ jobs }: Member, report: Report): void {
    if (report.end) {
      jobs.delete(report.job);
      readings.get(report.job)?.done();
    }
    events?.chunk(report.job, unpack(report));
  }

  function lose(member: Member, error: Error): void {
    members.delete(member);
    member.worker.terminate();
    member.reading?.abort(error);
    events?.lost([...member.jobs.keys()], error);
  }

  const url = workerUrl("scan_worker", import.meta.url);
  for (let i = 0; i < size; i++) {
    const worker = new Worker(url, { type: "module", name: `scan ${i + 1}` });
    const member: Member = { worker, jobs: new Map(), reading: undefined };
    worker.onmessage = ({ data }: MessageEvent<Report>) => onReport(member, data);
    worker.onerror = (event) => {
      event.preventDefault();
      lose(member, new Error(event.message));
    };
    members.add(member);
    tell(worker, { type: "begin", module, limits });
  }

  const isIdle = ({ jobs, reading }: Member) => jobs.size === 0 && reading === undefined;

  function read(file: ScanFile): Reading | undefined {
    const member = members.values().find(isIdle);
    if (member === undefined) return undefined;
    const reading = member.reading = new AbortController();
    const { port1, port2 } = new MessageChannel();
    tell(member.worker, { type: "read", file, port: port2 }, [port2]);
    const done = () => {
      if (member.reading === reading) member.reading = undefined;
    };
    return { file, port: port1, lost: reading.signal, done };
  }

  function give(job: ScanJob, member: Member, isPaired: IsPaired): void {
    member.jobs.set(job.id, job);
    doers.set(job.id, member);
    const reading = isPaired(job) ? read(job.file) : undefined;
    if (reading === undefined) return tell(member.worker, { type: "job", job });
    readings.set(job.id, reading);
    reading.lost.addEventListener("abort", () => lose(member, reading.lost.reason));
    tell(member.worker, { type: "job", job, port: reading.port }, [reading.port]);
  }

  return {
    size,
    get idle() {
      return members.values().filter(isIdle).toArray().length;
    },
    follow: (given) => events = given,
    use(filter) {
      for (const { worker } of members) tell(worker, { type: "filter", filter });
    },
    sweep(patterns) {
      for (const { worker } of members) tell(worker, { type: "sweep", patterns });
    },
    read,
    handOut(next, isPaired) {
      for (const member of members) {
        while (member.reading === undefined && member.jobs.size < QUEUED) {
          // Behind a whole file nothing should wait, and a whole file behind nothing.
          if (member.jobs.values().some(isWhole)) break;
          const job = next((job) => member.jobs.size === 0 || !isWhole(job));
          if (job === undefined) break;
          give(job, member, isPaired);
        }
      }
    },
    taken(id) {
      const member = doers.get(id);
      if (member !== undefined && members.has(member)) tell(member.worker, { type: "taken" });
    },
    end() {
      for (const { worker } of members) worker.terminate();
      members.clear();
    },
  };
}

function isWhole({ range }: ScanJob): boolean {
  return range === undefined;
}

function tell(worker: Worker, order: Order, transfer: Transferable[] = []): void {
  worker.postMessage(order, transfer);
}
