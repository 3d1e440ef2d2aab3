import { getLogger } from "../../log.ts";
import { patternObstacle } from "../../match/pattern_support.ts";
import { OBSERVABLE_KINDS } from "../../match/observable.ts";
import type { Indicator } from "../../intel/indicator.ts";
import type { Engine, EngineSpec, LiveMark, Match, Support, Trouble } from "../engine.ts";
import { siblingsOf } from "./live/known_files.ts";
import type { LiveOptions } from "./live/live.ts";
import { openByteStream } from "./read/byte_stream.ts";
import { type FilesHunt, huntInFiles } from "./retro.ts";
import { MOVED } from "./scan/finder.ts";
import { createLogScan } from "./scan/scan.ts";
import {
  findLogFiles,
  type FindOptions,
  findRotatingLogs,
  type LogFile,
} from "./sources/log_files.ts";
import { checkFollowable, readRoots, type Root } from "./sources/roots.ts";

const logger = getLogger(["bridge", "engines", "logs"]);

/** Options of the logs engine. */
export interface LogsOptions extends LiveOptions {
  /** Files, folders, globs, `-` for standard input; none takes the default folders that exist. */
  readonly paths: readonly string[];
  /** Live matching is to come: the engine tells its marks. */
  readonly live?: boolean;
}

/** The logs engine also says where it looks and what is there. */
export interface LogsEngine extends Engine {
  /** The places that were named, or the default folders that exist. */
  readonly roots: readonly Root[];
}

export const spec: EngineSpec = {
  name: "logs",
  summary: "Suricata and Zeek logs on disk: EVE JSON, Zeek TSV and JSON, other NDJSON; gzip, zstd",
  kinds: OBSERVABLE_KINDS,
  retro: "scans the files once for all indicators, exact matches by field",
  live: "follows files as they grow, through rotation and restarts",
  batching: "any number of indicators in one scan",
  limits: [
    "lines longer than 16 MiB are skipped and counted",
    "standard input is read once, by the first retro hunt",
  ],
};

/** Opens the engine; a path that is not there is a `UsageError`. */
export async function open(options: LogsOptions): Promise<LogsEngine> {
  const roots = await readRoots(options.paths);
  if (options.live === true) checkFollowable(roots);
  const { isOwn } = options;
  const limits = options.limits === undefined ? {} : { limits: options.limits };
  /** What `prepare` found. */
  let found: ReturnType<typeof findLogFiles> | undefined;
  const scans = createLogScan({
    open: (file, signal) => {
      const { stream } = file as LogFile;
      if (stream !== undefined) return Promise.resolve(stream);
      return openByteStream(file.path, signal, file);
    },
    ...limits,
  });
  const frontier = options.live === true
    ? (await import("./live/frontier.ts")).createFrontier()
    : undefined;
  return {
    spec,
    roots,
    supports,
    async check(signal) {
      signal.throwIfAborted();
      await readRoots(options.paths);
    },
    async prepare(signal) {
      found = findLogFiles(roots, signal, { isOwn });
      await scans.prepare((await found.catch(() => undefined))?.files ?? []);
    },
    async *retro(query, hooks, signal) {
      const isPart = query.ends !== undefined || query.searched !== undefined;
      const heads = isPart || hooks.searched !== undefined;
      const finding = heads ? undefined : found;
      found = undefined;
      const { files, troubles, passedOver } = await (finding ??
        (heads ? findRotatingLogs : findLogFiles)(roots, signal, { heads, isOwn }));
      const marks = new Set(query.ends?.values());
      const unread = new Set<string>();
      const trouble = (found: Trouble) => {
        if (found.unread) unread.add(found.source);
        hooks.trouble?.(found);
      };
      troubles.forEach(trouble);
      for (const { path, what } of passedOver) logger.debug("{path} is {what}", { path, what });
      logger.debug("Files to hunt in: {count}", { count: files.length });
      const past = heads ? await import("./past.ts") : undefined;
      const extents = hooks.searched && await past?.extentsOf(files);
      const pastOf = isPart && past && { pastOf: (file: LogFile) => past.pastOf(file, query) };
      const hunt = { query, hooks: { ...hooks, trouble }, scan: scans.scan, ...pastOf };
      // What came since the last look of live matching is known to it then.
      const look = async () => {
        if (marks.size > 0) await frontier?.look(signal);
      };
      const rotated = (also: Wanted) =>
        rotatedParts(roots, { heads, isOwn }, signal, (file) => also(file) || isRead(file, marks));
      const all = marks.size === 0 ? files : [...await rotated(() => false), ...files];
      const listAgain = async (wanted: Wanted, begun: number) => {
        const onDisk = roots.filter(({ type }) => type !== "stdin");
        const found = await findRotatingLogs(onDisk, signal, { heads, isOwn });
        const parts = await rotated((file) => wanted(file) && (file.modified ?? 0) >= begun);
        await look();
        return [...parts, ...found.files].filter(wanted);
      };
      await look();
      yield* huntThroughRotation(all, hunt, listAgain, signal);
      if (extents !== undefined) hooks.searched?.(extents.filter(({ path }) => !unread.has(path)));
    },
    async *live(indicators, signal, hooks = {}) {
      try {
        const { followLogs } = await import("./live/live.ts");
        const createFinder = await scans.createFinder();
        yield* followLogs(roots, indicators, createFinder, options, hooks, signal, frontier);
      } finally {
        frontier?.ended();
      }
    },
    ...(frontier === undefined ? {} : { mark: frontier.mark, begun: frontier.begun }),
    close: scans.close,
  };
}

/** What the engine can do with an indicator. */
export function supports(indicator: Indicator): Support {
  if (indicator.points.length > 0) return { type: "whole" };
  const obstacle = patternObstacle(indicator.pattern);
  return obstacle === undefined ? { type: "whole" } : { type: "none", ...obstacle };
}

/** Rotations that a hunt follows; live matching sees to what comes after. */
const MOST_PASSES = 10;
/** File systems note times in steps, ms. */
const CLOCK_SLACK = 2000;

type Wanted = (file: LogFile) => boolean;

/** Of logs that were named singly: those rotated parts that are wanted. */
async function rotatedParts(
  roots: readonly Root[],
  options: FindOptions,
  signal: AbortSignal,
  wanted: Wanted,
): Promise<LogFile[]> {
  const names = new Set(roots.filter(({ type }) => type === "file").map(({ name }) => name));
  const parts = (await siblingsOf(names)).filter((path) => !names.has(path));
  if (parts.length === 0) return [];
  const found = parts.map((name) => ({ type: "file", name }) as const);
  return (await findLogFiles(found, signal, options)).files.filter(wanted);
}

/** Whether live matching had read of a file. */
function isRead({ identity, head }: LogFile, marks: ReadonlySet<LiveMark>): boolean {
  if (head === undefined) return false;
  return marks.values().some((mark) => isFinite(mark.readOf({ identity, head })));
}

/**
 * A log that is rotated between being found and being read would be missed: under its
 * name lies another by then. It is looked for again, as what has its inode, or as
 * what is new since (a copy, perhaps packed).
 */
async function* huntThroughRotation(
  files: readonly LogFile[],
  hunt: Omit<FilesHunt, "onMoved">,
  listAgain: (wanted: Wanted, begun: number) => Promise<readonly LogFile[]>,
  signal: AbortSignal,
): AsyncGenerator<readonly Match[]> {
  const known = new Set<string>();
  const begun = Date.now() - CLOCK_SLACK;
  let next = files;
  for (let pass = 0; next.length > 0; pass++) {
    const moved = new Map<string, LogFile>();
    const onMoved = (file: LogFile) => moved.set(file.identity, file);
    for (const { identity } of next) known.add(identity);
    yield* huntInFiles(next, { ...hunt, onMoved }, signal);
    if (moved.size === 0 || signal.aborted) return;
    const wanted: Wanted = ({ identity }) => moved.has(identity) || !known.has(identity);
    next = pass < MOST_PASSES ? await listAgain(wanted, begun) : [];
    if (next.length > 0) continue;
    for (const { path } of moved.values()) hunt.hooks.trouble?.({ source: path, ...MOVED });
  }
}
