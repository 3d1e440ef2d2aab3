import { getLogger } from "@logtape/logtape";
import { patternObstacle } from "../../match/pattern_support.ts";
import { OBSERVABLE_KINDS } from "../../match/observable.ts";
import type { Indicator } from "../../intel/indicator.ts";
import type { Engine, EngineSpec, Match, Support } from "../engine.ts";
import type { LiveOptions } from "./live/live.ts";
import { openByteStream } from "./read/byte_stream.ts";
import { huntInFiles } from "./retro.ts";
import type { Scan } from "./scan/finder.ts";
import { createHunters, createKernelFinders } from "./scan/kernel_finder.ts";
import { createPoolScan } from "./scan/pool.ts";
import { findLogFiles, type LogFile } from "./sources/log_files.ts";
import { readRoots, type Root } from "./sources/roots.ts";

const logger = getLogger(["bridge", "engines", "logs"]);

/** Options of the logs engine. */
export interface LogsOptions extends LiveOptions {
  /** Files, folders, globs, `-` for standard input; none takes the default folders that exist. */
  readonly paths: readonly string[];
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
  const limits = options.limits === undefined ? {} : { limits: options.limits };
  const hunters = createHunters();
  const createFinder = createKernelFinders(hunters);
  const scan: Scan = createPoolScan({
    hunters,
    createFinder,
    open: (file, signal) => {
      const { stream } = file as LogFile;
      return stream === undefined ? openByteStream(file.path, signal) : Promise.resolve(stream);
    },
    ...limits,
  });
  return {
    spec,
    roots,
    supports,
    async check(signal) {
      signal.throwIfAborted();
      await readRoots(options.paths);
    },
    async *retro(query, hooks, signal) {
      const { files, troubles, passedOver } = await findLogFiles(roots, signal);
      for (const trouble of troubles) hooks.trouble?.(trouble);
      for (const { path, what } of passedOver) logger.debug("{path} is {what}", { path, what });
      logger.debug("{count} files to hunt in", { count: files.length });
      yield* huntInFiles(files, query, hooks, scan, signal);
      // Whoever keeps positions can stand to hear of a match twice, but not of one never.
      if (options.positions !== undefined) {
        const hunted = (found: readonly LogFile[]) =>
          huntInFiles(found, query, hooks, scan, signal);
        yield* huntInRenamed(files, roots, hunted, signal);
      }
    },
    async *live(indicators, signal, hooks = {}) {
      const { followLogs } = await import("./live/live.ts");
      yield* followLogs(roots, indicators, createFinder, options, hooks, signal);
    },
    close: () => Promise.resolve(),
  };
}

/** What the engine can do with an indicator. */
export function supports(indicator: Indicator): Support {
  if (indicator.points.length > 0) return { type: "whole" };
  const obstacle = patternObstacle(indicator.pattern);
  return obstacle === undefined ? { type: "whole" } : { type: "none", ...obstacle };
}

/** Rotations that a hunt follows; live matching sees to what comes after. */
const MOST_PASSES = 3;

/**
 * A log that is rotated between being found and being opened would be missed: under
 * its name lies another by then. What has another name or is new after a hunt is
 * hunted in again.
 */
async function* huntInRenamed(
  files: readonly LogFile[],
  roots: readonly Root[],
  huntIn: (files: readonly LogFile[]) => AsyncIterable<readonly Match[]>,
  signal: AbortSignal,
): AsyncGenerator<readonly Match[]> {
  const keyOf = ({ path, identity }: LogFile) => `${identity} ${path}`;
  const known = new Set(files.map(keyOf));
  const onDisk = roots.filter(({ type }) => type !== "stdin");
  for (let pass = 0; pass < MOST_PASSES && onDisk.length > 0 && !signal.aborted; pass++) {
    const now = await findLogFiles(onDisk, signal);
    const moved = now.files.filter((file) => !known.has(keyOf(file)));
    if (moved.length === 0) return;
    for (const file of moved) known.add(keyOf(file));
    yield* huntIn(moved);
  }
}
