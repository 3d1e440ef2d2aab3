/** The Workers of a pool. */
import type { BlockLimits } from "../read/blocks.ts";
import type { FilterCopy } from "./filter.ts";
import type { JobChunk, ScanJob } from "./job.ts";
import { type Order, type Report, unpack } from "./wire.ts";

/** Jobs given to a Worker at a time, so that it never waits for the next. */
const QUEUED = 2;

/** What a team tells. */
export interface TeamEvents {
  chunk(id: number, chunk: JobChunk): void;
  /** A Worker died over these jobs. */
  lost(ids: readonly number[], error: Error): void;
}

/** Some Workers that scan. */
export interface Team {
  readonly size: number;
  /** Says who hears what is told from now on; before that nobody has anything to tell. */
  follow(events: TeamEvents): void;
  use(filter: FilterCopy): void;
  sweep(patterns: readonly string[]): void;
  /** Gives out jobs, as long as there are some and somebody to do them. */
  handOut(next: () => ScanJob | undefined): void;
  /** A chunk was handed on: its Worker may send another. */
  taken(id: number): void;
  /** Ends all Workers at once, whatever they do. */
  end(): void;
}

/** Starts `size` Workers, for each of which this thread waits until it stands. */
export function startTeam(size: number, module: WebAssembly.Module, limits: BlockLimits): Team {
  let events: TeamEvents | undefined;
  const members = new Map<Worker, Set<number>>();
  const doers = new Map<number, Worker>();

  function onReport(worker: Worker, report: Report): void {
    if (report.end) members.get(worker)?.delete(report.job);
    events?.chunk(report.job, unpack(report));
  }

  function onError(worker: Worker, event: ErrorEvent): void {
    event.preventDefault();
    const jobs = members.get(worker) ?? new Set();
    members.delete(worker);
    worker.terminate();
    events?.lost([...jobs], new Error(event.message));
  }

  for (let i = 0; i < size; i++) {
    const worker = new Worker(workerUrl(), { type: "module", name: `scan ${i + 1}` });
    worker.onmessage = ({ data }: MessageEvent<Report>) => onReport(worker, data);
    worker.onerror = (event) => onError(worker, event);
    members.set(worker, new Set());
    tell(worker, { type: "begin", module, limits });
  }

  return {
    size,
    follow: (given) => events = given,
    use(filter) {
      for (const worker of members.keys()) tell(worker, { type: "filter", filter });
    },
    sweep(patterns) {
      for (const worker of members.keys()) tell(worker, { type: "sweep", patterns });
    },
    handOut(next) {
      for (const [worker, jobs] of members) {
        while (jobs.size < QUEUED) {
          const job = next();
          if (job === undefined) return;
          jobs.add(job.id);
          doers.set(job.id, worker);
          tell(worker, { type: "job", job });
        }
      }
    },
    taken(id) {
      const worker = doers.get(id);
      if (worker !== undefined && members.has(worker)) tell(worker, { type: "taken" });
    },
    end() {
      for (const worker of members.keys()) worker.terminate();
      members.clear();
    },
  };
}

function tell(worker: Worker, order: Order): void {
  worker.postMessage(order);
}

/** Where the Worker's program is: beside this file, or beside the bundle's chunks. */
function workerUrl(): URL {
  const name = import.meta.url.endsWith(".ts") ? "scan_worker.ts" : "scan_worker.js";
  return new URL(`./${name}`, import.meta.url);
}
