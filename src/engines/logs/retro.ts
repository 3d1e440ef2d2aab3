import type { Match, RetroHooks, RetroQuery } from "../engine.ts";
import { followCompounds } from "./compounds.ts";
import { createCrediting, type Crediting } from "./crediting.ts";
import { createEventReader, type EventLine } from "./events/event_reader.ts";
import type { Candidate, Needles, Scan, ScanChunk } from "./scan/finder.ts";
import { lossTroubles } from "./losses.ts";
import type { Past } from "./past.ts";
import type { LogFile } from "./sources/log_files.ts";
import { createTroubleCounter, type TroubleCounter } from "./troubles.ts";

/** Most matches handed on at once: a match holds its event in memory. */
const BATCH = 1000;

/**
 * Matches are held back for so long, ms, for others to go with them: this thread scans
 * too, and would have nothing to do while each few are written.
 */
const HOLD = 50;

/** Time between two calls of the progress hook, ms. */
const PROGRESS_EVERY = 250;

const NO_TIME = "events without a time were left out, since the hunt has time bounds";
const BEFORE_BOUNDS_SLACK = 24 * 3600 * 1000;

/** A hunt in files. */
export interface FilesHunt {
  readonly query: RetroQuery;
  readonly hooks: RetroHooks;
  readonly scan: Scan;
  /** Tells which part of a file is searched; absent if all of all. */
  readonly pastOf?: (file: LogFile) => Past;
  /** Told of files that were renamed, replaced or cut off before all of them was read. */
  readonly onMoved: (file: LogFile) => void;
}

/** Looks indicators up in files; matches come in the order of the files and their lines. */
export async function* huntInFiles(
  files: readonly LogFile[],
  { query, hooks, scan, pastOf, onMoved }: FilesHunt,
  signal: AbortSignal,
): AsyncGenerator<readonly Match[]> {
  const { wanted, pasts } = partsOf(files.filter((file) => mayHoldEventsOf(file, query)), pastOf);
  const { indicators } = query;
  const compounds = await followCompounds(indicators, "any", signal);
  const crediting = createCrediting(indicators, "RETRO", compounds, query.maxEvents);
  const progress = createProgress(wanted, hooks);
  const held = createHold();
  let hunted: FileHunt | undefined;
  const needles: Needles = {
    iocs: indicators.iocs,
    get sweep() {
      return compounds.sweep;
    },
  };
  try {
    for await (const chunk of scan(wanted, needles, signal)) {
      const file = wanted[chunk.file]!;
      if (chunk.troubles.some(({ moved }) => moved)) onMoved(file);
      hunted ??= createFileHunt(file, pasts[chunk.file], query, crediting);
      for (const match of hunted.take(chunk)) {
        if (held.add(match)) yield held.take();
      }
      // The next chunk of a pipe may be long in coming.
      if (held.isDue || (file.once && held.any)) yield held.take();
      progress.add(chunk, file.path);
      signal.throwIfAborted();
      if (chunk.end) {
        report(hunted, hooks);
        hunted = undefined;
      }
      if (crediting.sated) break;
    }
    for (const match of crediting.end()) {
      if (held.add(match)) yield held.take();
    }
    if (held.any) yield held.take();
    for (const trouble of lossTroubles(compounds.losses)) hooks.trouble?.(trouble);
  } catch (error) {
    // What was found before an interrupt still goes out.
    if (held.any) yield held.take();
    throw error;
  } finally {
    if (hunted !== undefined) report(hunted, hooks);
    progress.end();
  }
}

/** The files of which something is searched, each with the part that is. */
function partsOf(files: readonly LogFile[], pastOf: FilesHunt["pastOf"]) {
  if (pastOf === undefined) return { wanted: files, pasts: [] };
  const parts = files.map((file) => ({ file, past: pastOf(file) })).filter(({ past }) =>
    !past.empty
  );
  return {
    wanted: parts.map(({ file, past: { from } }) => {
      // What the rows of other formats mean stands at the beginning.
      const skips = file.compression === "none" && file.format.type === "json";
      return skips && from.offset > 0 ? { ...file, from: from.offset } : file;
    }),
    pasts: parts.map(({ past }) => past),
  };
}

/** Matches on their way out. */
function createHold() {
  let matches: Match[] = [];
  let since = 0;
  return {
    get any() {
      return matches.length > 0;
    },
    /** The first has waited long enough. */
    get isDue() {
      return matches.length > 0 && performance.now() - since >= HOLD;
    },
    /** Adds a match; true if a batch is full. */
    add(match: Match): boolean {
      if (matches.length === 0) since = performance.now();
      return matches.push(match) >= BATCH;
    },
    take(): readonly Match[] {
      const taken = matches;
      matches = [];
      return taken;
    },
  };
}

/**
 * Whether a file can have events that the query asks for. An event is never
 * younger than the last write to its file; a day of slack covers clocks apart.
 * (The upper bound leaves nothing out: Zeek logs a connection when it ends,
 * under the time when it began.)
 */
function mayHoldEventsOf(
  file: Pick<LogFile, "modified">,
  query: Pick<RetroQuery, "since">,
): boolean {
  if (query.since === undefined || file.modified === undefined) return true;
  return file.modified + BEFORE_BOUNDS_SLACK >= query.since;
}

/** The hunt through one file. */
interface FileHunt {
  take(chunk: ScanChunk): Iterable<Match>;
  readonly troubles: TroubleCounter;
}

function createFileHunt(
  file: LogFile,
  past: Past | undefined,
  query: RetroQuery,
  crediting: Crediting,
): FileHunt {
  const troubles = createTroubleCounter(file.path);
  const reader = createEventReader(file.format);
  const bounded = query.since !== undefined || query.until !== undefined;
  const trouble = (what: string, line: number | undefined) =>
    troubles.add({ what, count: 1, ...(line === undefined ? {} : { line }), unread: false });

  /** Number of a line, if those before it were counted. */
  function numberOf(line: number): number | undefined {
    if (file.from === undefined) return line;
    return past?.from.line === undefined ? undefined : past.from.line + line;
  }

  function matchesOf({ line: at, bytes: line, valueless, offset, open }: Candidate): Match[] {
    const read = reader.read(line);
    if (read.type === "header") return [];
    // Live matching waits for the end of an open line, which may never come.
    const isFor = open ? undefined : past?.at(offset);
    if (isFor === "none") return [];
    const number = numberOf(at);
    if (read.type === "bad") {
      trouble(read.what, number);
      return [];
    }
    if (bounded && !isWithin(read, number)) return [];
    const event = read.parse();
    if (event === undefined) {
      trouble(read.failure, number);
      return [];
    }
    const placed = { event, source: file.path, line: number, ...(isFor && { isFor }) };
    return crediting.credit(placed, valueless);
  }

  function isWithin(read: EventLine, at: number | undefined): boolean {
    const time = read.time();
    if (time === undefined) {
      trouble(NO_TIME, at);
      return false;
    }
    return time >= (query.since ?? -Infinity) && time < (query.until ?? Infinity);
  }

  return {
    troubles,
    *take(chunk) {
      for (const { line, ...found } of chunk.troubles.filter(({ moved }) => !moved)) {
        const at = line === undefined ? undefined : numberOf(line);
        troubles.add(at === undefined ? found : { ...found, line: at });
      }
      for (const candidate of chunk.candidates) yield* matchesOf(candidate);
    },
  };
}

function report(hunted: FileHunt, hooks: RetroHooks): void {
  for (const trouble of hunted.troubles.take()) hooks.trouble?.(trouble);
}

function createProgress(files: readonly LogFile[], hooks: RetroHooks) {
  const sizes = files.map(({ size, from = 0 }) => size === undefined ? undefined : size - from);
  const bytesTotal = sizes.every((size) => size !== undefined)
    ? sizes.reduce((sum, size) => sum + size, 0)
    : undefined;
  let bytesRead = 0, eventsRead = 0, source = files[0]?.path ?? "";
  let told = performance.now();
  const tell = () => {
    told = performance.now();
    const total = bytesTotal === undefined ? {} : { bytesTotal };
    hooks.progress?.({ bytesRead, eventsRead, source, ...total });
  };
  return {
    add(chunk: ScanChunk, path: string) {
      bytesRead += chunk.bytes;
      eventsRead += chunk.lines;
      source = path;
      if (performance.now() - told >= PROGRESS_EVERY) tell();
    },
    end: tell,
  };
}
