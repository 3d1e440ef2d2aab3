import type { JsonObject } from "../../../json.ts";
import type { IocSet } from "../../../match/set.ts";
import type { TsvHeader } from "../events/tsv_header.ts";

/**
 * The seam between reading and understanding: a finder goes over whole lines at
 * the speed of reading and names those that may hold an IoC; only they are
 * parsed. A finder may name too many lines, never too few.
 */

/** How the lines of a file are built, as far as finding has to know. */
export type LineFormat =
  /** One JSON object a line: Suricata EVE, Zeek JSON, any NDJSON. */
  | { readonly type: "json" }
  /** Zeek TSV; both separators are single bytes. */
  | {
    readonly type: "tsv";
    readonly separator: number;
    readonly setSeparator: number;
    /** What the rows say, where a sweep has to know. */
    readonly header?: TsvHeader;
  }
  /** Nothing is known of their inside (TSV with odd separators): every line is a candidate. */
  | { readonly type: "lines" };

/** Compound patterns without values to look for: any line may matter to them. */
export interface Sweep {
  /** Another with each change of the patterns. */
  readonly version: number;
  /** Their texts, for threads that make a sweep of their own (`match/sweep.ts`). */
  readonly patterns: () => readonly string[];
  /** Whether an event may fulfil a part of one. */
  readonly admits: (event: JsonObject) => boolean;
  /** The same of the JSON in `block[from, to)`, at little cost; true where that takes parsing. */
  readonly glance: (block: Uint8Array, from: number, to: number) => boolean;
}

/** What a finder looks for. */
export interface Needles {
  readonly iocs: IocSet;
  /** Lines without IoCs are candidates if it admits them; asked anew for each block. */
  readonly sweep?: Sweep | undefined;
}

/** What a finder saw in one block. */
export interface Findings {
  /** Lines in the block, empty ones too; a last line without newline counts. */
  readonly lines: number;
  /**
   * The candidates in order, three numbers each: start and end in the block
   * (without `\n`; a `\r` before it stays), and the line's index in the block from 0.
   * Valid until the next call of `find`.
   */
  readonly candidates: ArrayLike<number>;
  /** How many numbers of `candidates` count. */
  readonly length: number;
  /**
   * Where lines without IoCs are candidates too: for each candidate, whether it may hold
   * one (1) or surely doesn't (0); absent if that is not known.
   */
  readonly holding?: ArrayLike<number>;
  /**
   * JSON only: lines that are not empty and don't begin with `{` and end with `}`
   * (white space aside). They are not candidates.
   */
  readonly odd: number;
  /** Index in the block of the first odd line, -1 if none. */
  readonly firstOdd: number;
  /** All bytes are ASCII; absent if the finder didn't look. */
  readonly ascii?: boolean;
}

/**
 * Looks through blocks of one format. TSV lines that begin with `#` are always
 * candidates, since they say what the lines after them mean. The set may change
 * between two calls; the next call must see it as it then is.
 */
export interface Finder {
  /** `block[start, end)` holds whole lines; only the last may lack its newline. */
  find(block: Uint8Array, start: number, end: number): Findings;
}

/** Makes a finder; a finder serves one reader at a time. */
export interface CreateFinder {
  (needles: Needles, format: LineFormat): Finder;
  /** Takes in what changed in a set, so that the next block need not wait for it; false if nothing did. */
  readonly keepUp?: (iocs: IocSet) => boolean;
}

/** A line that may hold an IoC, out of the block and safe to keep. */
export interface Candidate {
  /** Line in the file from 1. */
  readonly line: number;
  /** The line without its newline. */
  readonly bytes: Uint8Array;
  /** Bytes of the file before the line, decompressed. */
  readonly offset: number;
  /** The file ends in it, without a newline: more of it may come. */
  readonly open?: true;
  /** No IoC stands in the line; it is here as a pattern without values may need it. */
  readonly valueless?: true;
}

/** Something wrong with lines or with the stream, counted since the last chunk. */
export interface ScanTrouble {
  readonly what: string;
  readonly count: number;
  /** Line in the file from 1, if it is about lines. */
  readonly line?: number;
  readonly unread: boolean;
  /** The file is another by now, or shorter: what was in it may be elsewhere. */
  readonly moved?: true;
}

/** What is told of a file that is another by now. */
export const MOVED: ScanTrouble = {
  what: "file was renamed, replaced or cut off while it was read",
  count: 1,
  unread: true,
  moved: true,
};

/** A file ready to be scanned: its format is known. */
export interface ScanFile {
  /** `-` is standard input. */
  readonly path: string;
  /** `device:inode`, if another file under its name is not to be read. */
  readonly identity?: string;
  /** A pipe, which is open already: only the calling thread can read it. */
  readonly once?: boolean;
  readonly compression: "none" | "gzip" | "zstd";
  readonly format: LineFormat;
  /** TSV only: what stands before its first row. */
  readonly header?: TsvHeader;
  /** Bytes on disk; unknown for pipes. */
  readonly size?: number;
  /** Plain JSON only: where to begin, at the start of a line; lines count from there. */
  readonly from?: number;
}

/** The outcome of a stretch of a file. Chunks come in the order of files and lines. */
export interface ScanChunk {
  /** Index in the list of files. */
  readonly file: number;
  /** Bytes on disk that this stretch took (compressed ones for compressed files). */
  readonly bytes: number;
  readonly lines: number;
  readonly candidates: readonly Candidate[];
  readonly troubles: readonly ScanTrouble[];
  /** The file ends with this chunk; there is exactly one such chunk a file. */
  readonly end: boolean;
}

/**
 * Scans files in order. Two exist: `inline` in the calling thread, and the pool
 * of Workers for big inputs, which yields exactly what `inline` would. Leaving
 * the iteration or aborting the signal stops everything at once.
 */
export type Scan = (
  files: readonly ScanFile[],
  needles: Needles,
  signal: AbortSignal,
) => AsyncIterable<ScanChunk>;
