/** Which jobs are taken, and what they gave so far: jobs end in any order, their chunks leave in one. */
import type { JobChunk, ScanJob } from "./job.ts";

/** A chunk and the job that it is of. */
export interface JobResult {
  readonly job: ScanJob;
  readonly chunk: JobChunk;
}

/** The jobs of a scan. */
export interface Board {
  /** Every chunk has left. */
  readonly done: boolean;
  /** Jobs that nobody has taken. */
  readonly free: number;
  /** The first free job that `suits`, if it is not too far ahead of what has left. */
  take(suits: (job: ScanJob) => boolean): ScanJob | undefined;
  put(id: number, chunk: JobChunk): void;
  /** Frees a job whose worker is lost; false if part of it has left already. */
  giveBack(id: number): boolean;
  /** The next chunk in order, once it is there. */
  shift(): JobResult | undefined;
}

/** Makes a board; at most `ahead` jobs are taken beyond the one whose chunks leave. */
export function createBoard(jobs: readonly ScanJob[], ahead: number): Board {
  const slots = jobs.map((job) => ({ job, chunks: [] as JobChunk[], taken: false, begun: false }));
  let front = 0;
  return {
    get done() {
      return front === slots.length;
    },
    get free() {
      return slots.filter(({ taken }) => !taken).length;
    },
    take(suits) {
      const slot = slots.slice(front, front + ahead).find((it) => !it.taken && suits(it.job));
      if (slot !== undefined) slot.taken = true;
      return slot?.job;
    },
    put(id, chunk) {
      slots[id]!.chunks.push(chunk);
    },
    giveBack(id) {
      const slot = slots[id]!;
      if (slot.begun) return false;
      slot.taken = false;
      slot.chunks.length = 0;
      return true;
    },
    shift() {
      const slot = slots[front];
      const chunk = slot?.chunks.shift();
      if (slot === undefined || chunk === undefined) return undefined;
      slot.begun = true;
      if (chunk.end) front++;
      return { job: slot.job, chunk };
    },
  };
}
