import { getLogger } from "../log.ts";
import type { Config } from "../config/config.ts";
import { loadConfig, type LoadedConfig } from "../config/load.ts";
import { parseDuration, parseInstant } from "../config/units.ts";
import type { Engine, RetroQuery, Trouble } from "../engines/engine.ts";
import { UsageError } from "../errors.ts";
import { isStandardInput } from "../standard_input.ts";
import type { Indicator, IndicatorSet } from "../intel/indicator.ts";
import { hunt, type HuntResult, unsupportedIn } from "../pipeline/hunt.ts";
import type { OutletReport, Outlets } from "../pipeline/outlets.ts";
import { type CliContext, EXIT } from "./context.ts";
import { openEngine } from "./engine.ts";
import { readFlags } from "./flags.ts";
import { openHuntOutlets, tellFailures } from "./hunt_outlets.ts";
import { gatherIndicators, requireIndicators } from "./indicators.ts";
import { setUpLogging } from "./logging.ts";
import { RETRO_FLAGS, type RetroFlags } from "./retro_flags.ts";
import { createOwnFiles } from "./own_files.ts";
import { filterFrom, fromFlag, overlay, sinksInUse, wholeNumber, windowFrom } from "./settings.ts";
import { createProgressLine, formatBytes, type ProgressLine } from "./progress.ts";
import { counted, useColor } from "./terminal.ts";

const logger = getLogger(["bridge", "retro"]);

/** Runs `bridge retro` without commander; false if it takes commander to understand the call. */
export async function retroAtOnce(args: readonly string[], context: CliContext): Promise<boolean> {
  const flags = readFlags(RETRO_FLAGS, args);
  if (flags === undefined) return false;
  context.exitWith(await runRetro(flags as unknown as RetroFlags, context));
  return true;
}

/** Runs `bridge retro` and resolves with its exit code. */
export async function runRetro(flags: RetroFlags, context: CliContext): Promise<number> {
  checkFlags(flags);
  const line = flags.quiet ? undefined : progressLine();
  setUpLogging({
    console: flags.quiet ? "error" : flags.logLevel,
    timestamps: false,
    ...(line === undefined ? {} : { beforeLine: line.clear }),
  });
  const loaded = await loadConfig({ file: flags.config, env: context.env });
  const { values: config } = loaded;
  const now = Date.now();
  const bounds = readBounds(flags, config, now);
  if (flags.count && flags.format !== undefined) {
    logger.warn("--count prints numbers alone: --format {format} has no effect", {
      format: flags.format,
    });
  }
  const own = createOwnFiles();
  await own.configure(config, sinksInUse(flags.sink, config));
  const engine = await openEngine(flags, config, { isOwn: own.has });
  try {
    const gathering = gatherIndicators(flags, overlay(config, filterFrom(flags)));
    const [gathered] = await Promise.all([gathering, engine.prepare?.(context.signal)]);
    const indicators = gathered.set;
    await reportUnsupported(engine, indicators, flags);
    const outlets = flags.count ? undefined : await outletsFor(flags, loaded, context);
    const result = await huntInto(outlets, {
      engine,
      query: { indicators, ...bounds.query },
      timeout: bounds.timeout,
      line,
      context,
    });
    line?.clear();
    if (flags.count) await printCounts(indicators, result, context);
    const reports = await outlets?.close() ?? [];
    for (const remark of gathered.remarks()) logger.warn("{remark}", { remark });
    return conclude(result, reports);
  } finally {
    await engine.close();
  }
}

/** What can be told to be wrong before anything is read. */
function checkFlags(flags: RetroFlags): void {
  requireIndicators(flags);
  checkStandardInput(flags);
  const { count, sink, bundle, aggregate } = flags;
  if (count && (sink.length > 0 || bundle || aggregate !== undefined)) {
    throw new UsageError(
      "--count prints numbers alone: it goes without --sink, --bundle, --aggregate",
    );
  }
}

/** Standard input can be but one thing. */
function checkStandardInput(flags: RetroFlags): void {
  const { iocFile, logs, allowList, config = "" } = flags;
  const readers = [...iocFile, ...logs, ...allowList, config].filter(isStandardInput);
  if (readers.length > 1) {
    throw new UsageError(
      `Standard input can be read but once, and is named ${readers.length} times`,
      {
        hint: "Put the IoCs or the logs into a file.",
      },
    );
  }
}

interface Bounds {
  readonly query: Omit<RetroQuery, "indicators">;
  readonly timeout: number;
}

function readBounds(flags: RetroFlags, config: Config, now: number): Bounds {
  const instant = (flag: string, text: string | undefined) =>
    text === undefined ? undefined : fromFlag(flag, text, (text) => parseInstant(text, now));
  const since = instant("--since", flags.since);
  const until = instant("--until", flags.until);
  if (since !== undefined && until !== undefined && since >= until) {
    throw new UsageError("The hunt has no time: --since is not before --until");
  }
  const maxEvents = flags.maxEvents === undefined
    ? config.retro_match_max_events
    : wholeNumber("--max-events", flags.maxEvents);
  return {
    query: {
      maxEvents,
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
    },
    timeout: flags.timeout === undefined ? 0 : fromFlag("--timeout", flags.timeout, parseDuration),
  };
}

async function outletsFor(
  flags: RetroFlags,
  loaded: LoadedConfig,
  context: CliContext,
): Promise<Outlets> {
  const { values: config } = loaded;
  const format = flags.format ?? (flags.bundle ? "sighting" : config.format);
  if (flags.bundle && format !== "sighting") {
    throw new UsageError("--bundle goes with --format sighting");
  }
  const aggregate = windowFrom(flags.aggregate);
  if (aggregate !== undefined && format !== "sighting") {
    throw new UsageError("--aggregate goes with --format sighting");
  }
  const terminal = Deno.stdout.isTerminal();
  const width = terminal ? Deno.consoleSize().columns : undefined;
  return await openHuntOutlets(flags.sink, loaded, {
    format,
    formatOptions: {
      color: useColor(flags.color, terminal, context.env),
      ...(width === undefined ? {} : { width }),
      ...(flags.bundle ? { bundle: true } : {}),
    },
    aggregate,
    dropEvents: config["aggregate.events"] === "drop",
    env: context.env,
  }, context.signal);
}

interface Hunt {
  readonly engine: Engine;
  readonly query: RetroQuery;
  readonly timeout: number;
  readonly line: ProgressLine | undefined;
  readonly context: CliContext;
}

async function huntInto(outlets: Outlets | undefined, given: Hunt): Promise<HuntResult> {
  const { engine, query, timeout, line, context } = given;
  // Hits on the same terminal begin a line of their own.
  const makeRoom = Deno.stdout.isTerminal() ? line?.clear : undefined;
  return await hunt(
    {
      engine,
      query,
      async deliver(matches) {
        makeRoom?.();
        await outlets?.deliver(matches);
      },
      trouble: reportTrouble,
      ...(line === undefined ? {} : { progress: line.update }),
    },
    context.signal,
    timeout > 0 ? AbortSignal.timeout(timeout) : undefined,
  );
}

function progressLine(): ProgressLine | undefined {
  return Deno.stderr.isTerminal() ? createProgressLine() : undefined;
}

function reportTrouble({ source, what, count, line }: Trouble): void {
  const at = line === undefined ? source : `${source}:${line}`;
  logger.warn(count > 1 ? "{at}: {what} ({count} times)" : "{at}: {what}", { at, what, count });
}

/** Most indicators that are named one by one. */
const NAMED = 20;

async function reportUnsupported(
  engine: Engine,
  indicators: IndicatorSet,
  flags: RetroFlags,
): Promise<void> {
  if (flags.quiet) return;
  let count = 0;
  for await (const { indicator, reason } of unsupportedIn(engine, indicators)) {
    if (count++ < NAMED) {
      logger.warn("The {engine} engine can't look for {pattern}: {reason}", {
        engine: engine.spec.name,
        pattern: indicator.pattern,
        reason,
      });
    }
  }
  if (count > NAMED) logger.warn("and {count} more", { count: count - NAMED });
}

/** One line an indicator, hits first, so that the list sorts and cuts well. */
async function printCounts(
  indicators: IndicatorSet,
  result: HuntResult,
  context: CliContext,
): Promise<void> {
  let text = "";
  for (const handle of indicators.handles()) {
    text += `${result.counts.get(handle) ?? 0}\t${nameOf(indicators.get(handle))}\n`;
    if (text.length < 64 * 1024) continue;
    await context.print(text);
    text = "";
  }
  await context.print(text);
}

function nameOf({ points, pattern }: Indicator): string {
  return points.length === 1 ? points[0]!.value : pattern;
}

function conclude(result: HuntResult, reports: readonly OutletReport[]): number {
  let failed = result.unread;
  if (result.stopped !== undefined) {
    const { bytesRead = 0, bytesTotal, source = "the beginning" } = result.progress ?? {};
    const total = bytesTotal === undefined ? "" : ` of ${formatBytes(bytesTotal)}`;
    logger.warn("Stopped ({why}) after {read}, in {source}; {hits} until then", {
      why: result.stopped,
      read: formatBytes(bytesRead) + total,
      source,
      hits: counted(result.matches, "hit"),
    });
    failed = true;
  }
  if (tellFailures(reports, logger)) failed = true;
  if (failed) return EXIT.error;
  return result.matches > 0 ? EXIT.matched : EXIT.nothing;
}
