/** From the chunks of jobs to those of files: lines counted through, formats followed. */
import { sameFormat } from "../events/tsv_header.ts";
import type { LineFormat, ScanChunk } from "./finder.ts";
import type { JobChunk, ScanJob } from "./job.ts";

/** Follows the jobs in order. */
export interface Tally {
  /** The format that a job should have been done with: headers before it may have changed it. */
  format(job: ScanJob): LineFormat;
  /** Whether a job was done with another. */
  isMistaken(job: ScanJob): boolean;
  /** The chunk as one of its file. */
  add(job: ScanJob, chunk: JobChunk): ScanChunk;
}

/** Makes a tally for jobs in the order of files and lines. */
export function createTally(jobs: readonly ScanJob[]): Tally {
  const firsts = jobs.filter(({ index }, i) => index !== jobs[i - 1]?.index);
  /** Lines of the jobs of each file that have ended, and of the one that has not. */
  const lines = firsts.map(() => ({ ended: 0, current: 0 }));
  const formats = firsts.map(({ file }) => file.format);
  const isMistaken = (job: ScanJob) => !sameFormat(job.file.format, formats[job.index]!);
  return {
    format: (job) => formats[job.index]!,
    isMistaken,
    add(job, { format, ...chunk }) {
      const { ended: before, current } = lines[job.index]!;
      const seen = current + chunk.lines;
      lines[job.index] = chunk.end
        ? { ended: before + seen, current: 0 }
        : { ended: before, current: seen };
      if (chunk.end) formats[job.index] = format;
      return {
        ...chunk,
        file: job.index,
        candidates: chunk.candidates.map((found) => ({ ...found, line: found.line + before })),
        troubles: chunk.troubles.map((trouble) =>
          trouble.line === undefined ? trouble : { ...trouble, line: trouble.line + before }
        ),
        end: chunk.end && isLast(job),
      };
    },
  };
}

function isLast({ range }: ScanJob): boolean {
  return range === undefined || range.end === Infinity;
}
