/** What the pool and its Workers tell each other. */
import type { BlockLimits } from "../read/blocks.ts";
import type { FilterCopy } from "./filter.ts";
import type { Candidate, LineFormat, ScanFile, ScanTrouble } from "./finder.ts";
import type { JobChunk, ScanJob } from "./job.ts";

/** To a Worker. */
export type Order =
  | {
    readonly type: "begin";
    readonly module: WebAssembly.Module;
    readonly limits: BlockLimits;
  }
  | { readonly type: "filter"; readonly filter: FilterCopy }
  /** Patterns of which each event may fulfil a part; none take the sweep away. */
  | { readonly type: "sweep"; readonly patterns: readonly string[] }
  /** The file's bytes come through the port if there is one (`read/ahead.ts`). */
  | { readonly type: "job"; readonly job: ScanJob; readonly port?: MessagePort }
  /** To read a file for another thread. */
  | { readonly type: "read"; readonly port: MessagePort; readonly file: ScanFile }
  /** A report was taken: one more may be sent. */
  | { readonly type: "taken" };

/** From a Worker: one or more chunks of a job, in order. Candidates are packed, as there may be many. */
export interface Report {
  readonly job: number;
  readonly bytes: number;
  readonly lines: number;
  readonly troubles: readonly ScanTrouble[];
  readonly format: LineFormat;
  readonly end: boolean;
  /** Line, start and end in `text` of each candidate, and 1 if it is valueless. */
  readonly spots: Uint32Array<ArrayBuffer>;
  /** Where each candidate is in the file. */
  readonly offsets: Float64Array<ArrayBuffer>;
  /** The last candidate is an open line. */
  readonly open: boolean;
  readonly text: Uint8Array<ArrayBuffer>;
}

/** Numbers for each candidate in `spots`. */
const SPOT = 4;

/** Reports that a Worker may have sent ahead of the pool's taking them. */
export const AHEAD = 16;

/** Makes one report of several chunks. */
export function pack(job: number, chunks: readonly JobChunk[]): Report {
  const candidates = chunks.flatMap((chunk) => chunk.candidates);
  const spots = new Uint32Array(candidates.length * SPOT);
  const offsets = Float64Array.from(candidates, ({ offset }) => offset);
  const text = new Uint8Array(candidates.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let at = 0;
  for (const [i, { line, bytes, valueless }] of candidates.entries()) {
    text.set(bytes, at);
    spots.set([line, at, at += bytes.length, valueless ? 1 : 0], i * SPOT);
  }
  const last = chunks.at(-1)!;
  return {
    job,
    bytes: chunks.reduce((sum, { bytes }) => sum + bytes, 0),
    lines: chunks.reduce((sum, { lines }) => sum + lines, 0),
    troubles: chunks.flatMap(({ troubles }) => troubles),
    format: last.format,
    end: last.end,
    spots,
    offsets,
    open: candidates.at(-1)?.open === true,
    text,
  };
}

/** The chunk that a report tells of. */
export function unpack(report: Report): JobChunk {
  const { bytes, lines, troubles, format, end, spots, offsets, open, text } = report;
  const candidates: Candidate[] = [];
  for (let i = 0; i < spots.length; i += SPOT) {
    const bytes = text.subarray(spots[i + 1]!, spots[i + 2]!);
    const isOpen = open && i + SPOT === spots.length;
    const spot = { line: spots[i]!, bytes, offset: offsets[i / SPOT]! };
    candidates.push({
      ...spot,
      ...(isOpen ? { open: true } : {}),
      ...(spots[i + 3] === 1 ? { valueless: true } : {}),
    });
  }
  return { bytes, lines, candidates, troubles, format, end };
}
