import { getLogger } from "../log.ts";
import type { Config } from "../config/config.ts";
import { loadConfig, type LoadedConfig } from "../config/load.ts";
import { parseDuration } from "../config/units.ts";
import { oneLine } from "../controls.ts";
import type { Engine, Match } from "../engines/engine.ts";
import { loadFormat } from "../formats/registry.ts";
import type { Indicator, IndicatorSet } from "../intel/indicator.ts";
import { createIndicatorSet } from "../intel/indicator_set.ts";
import { hunt, unsupportedIn } from "../pipeline/hunt.ts";
import { createGathering } from "../pipeline/gathering.ts";
import { type Outlets, toDelivery, windowDelivery } from "../pipeline/outlets.ts";
import { busSink } from "../pipeline/run/bus_sink.ts";
import { type Snapshot, type SnapshotBounds, takeSnapshot } from "../pipeline/snapshot.ts";
import type { ThreatBusClient } from "../threatbus/client.ts";
import { connectApp } from "../threatbus/connect.ts";
import { lingering, orAborted } from "../wait.ts";
import { busMechanism } from "./bus_security.ts";
import type { SnapshotFlags } from "./commands/snapshot.ts";
import { type CliContext, EXIT } from "./context.ts";
import { openEngine } from "./engine.ts";
import { openHuntOutlets, tellFailures } from "./hunt_outlets.ts";
import { createSets, filterOf, packedDocuments } from "./indicator_sets.ts";
import { setUpLogging } from "./logging.ts";
import { createOwnFiles } from "./own_files.ts";
import {
  endpointFrom,
  filterFrom,
  fromFlag,
  overlay,
  sinksInUse,
  wholeNumber,
  windowFrom,
} from "./settings.ts";
import { openDump } from "./snapshot_dump.ts";

const logger = getLogger(["bridge", "snapshot"]);

/** Runs `bridge snapshot` and resolves with its exit code. */
export async function runSnapshot(flags: SnapshotFlags, context: CliContext): Promise<number> {
  setUpLogging({ console: flags.quiet ? "error" : flags.logLevel, timestamps: false });
  const loaded = await loadConfig({ file: flags.config, env: context.env });
  const config = withFlags(loaded.values, flags);
  const bounds = {
    idle: fromFlag("--idle", flags.idle, parseDuration),
    maxTime: fromFlag("--max-time", flags.maxTime, parseDuration),
  };
  if (flags.dump !== undefined) {
    const { sink, format, aggregate, report } = flags;
    if (sink.length > 0 || format !== undefined || aggregate !== undefined || report !== "sinks") {
      logger.warn("--dump hunts for nothing: options about hits have no effect");
    }
    return await dumpSnapshot(flags.dump, flags, config, bounds, context);
  }
  await using cleanup = new AsyncDisposableStack();
  const own = createOwnFiles();
  await own.configure(config, sinksInUse(flags.sink, config));
  const engine = await openEngine(flags, config, { isOwn: own.has });
  cleanup.defer(() => engine.close());
  const client = await connect(config);
  cleanup.defer(() => client.close());
  const { indicators } = await createSets(config, await packedDocuments());
  // A sink that is wrong is told before the snapshot is waited for, but after a bus that is away.
  await orAborted(client.subscribed, context.signal);
  const outlets = await openReports(flags, { ...loaded, values: config }, client, context);
  const query = { indicators, maxEvents: config.retro_match_max_events };
  const snapshot = await takeSnapshot(client, indicators, bounds, context.signal);
  const result = await hunt({ engine, query, deliver: outlets.deliver }, context.signal);
  const failed = await outlets.close();
  const unsupported = await gatherUnsupported(engine, indicators);
  if (!flags.quiet) {
    summarize(snapshot, unsupported);
    console.error(`${result.counts.size} indicators matched, ${result.matches} sightings`);
  }
  const incomplete = snapshot.cut !== undefined || result.unread || result.stopped !== undefined ||
    failed;
  if (incomplete) return EXIT.error;
  return result.matches > 0 ? EXIT.matched : EXIT.nothing;
}

/** Writes what the bus sends to a file; which of it is worth a hunt is decided when it is hunted for. */
async function dumpSnapshot(
  target: string | true,
  { quiet }: SnapshotFlags,
  config: Config,
  bounds: SnapshotBounds,
  context: CliContext,
): Promise<number> {
  await using dump = await openDump(target, context);
  const client = await connect(config);
  await using _closing = { [Symbol.asyncDispose]: () => client.close() };
  const indicators = createIndicatorSet({
    filter: filterOf(config),
    keepExpired: true,
    documents: await packedDocuments(),
  });
  const snapshot = await takeSnapshot(client, indicators, bounds, context.signal);
  await dump.write(indicators);
  if (!quiet) {
    summarize(snapshot, new Map());
    console.error(`${indicators.size} indicators written`);
  }
  if (snapshot.cut !== undefined) return EXIT.error;
  return indicators.size > 0 ? EXIT.matched : EXIT.nothing;
}

function withFlags(config: Config, flags: SnapshotFlags): Config {
  return overlay(config, {
    threatbus: endpointFrom("--threatbus", flags.threatbus, "threatbus"),
    snapshot: flags.days === undefined ? undefined : wholeNumber("--days", flags.days),
    subdomains: flags.subdomains,
    ...filterFrom(flags),
    format: flags.format,
  });
}

async function connect(config: Config): Promise<ThreatBusClient> {
  return connectApp({
    mechanism: await busMechanism(config),
    endpoint: config.threatbus,
    topics: config.topics,
    snapshotDays: config.snapshot,
    failFast: true,
  }, new AbortController().signal);
}

/** How long a bus may be away before what is to go there is given up, ms: nothing keeps it. */
const BUS_PATIENCE = 60_000;

/** The ways out: sinks, sightings to the bus, or both. */
async function openReports(
  flags: SnapshotFlags,
  loaded: LoadedConfig,
  client: ThreatBusClient,
  { env, signal }: CliContext,
): Promise<
  { deliver: (matches: readonly Match[]) => Promise<void>; close: () => Promise<boolean> }
> {
  const { values: config } = loaded;
  const toBus = flags.report !== "sinks";
  const sighting = toBus ? await loadFormat("sighting", { bus: true }) : undefined;
  const bus = busSink(client, signal, BUS_PATIENCE);
  const aggregate = windowFrom(flags.aggregate) ?? (config["aggregate.window"] || undefined);
  const gathering = aggregate === undefined ? undefined : createGathering(aggregate);
  let sinks: Outlets | undefined;
  if (flags.report !== "threatbus") {
    sinks = await openHuntOutlets(flags.sink, loaded, {
      format: config.format,
      formatOptions: {},
      aggregate,
      dropEvents: config["aggregate.events"] === "drop",
      windowsElsewhere: toBus,
      env,
    }, signal);
  }
  const writing = lingering(signal, config.shutdown_timeout);
  return {
    async deliver(matches) {
      await sinks?.deliver(matches);
      if (sighting === undefined) return;
      if (gathering !== undefined) return await gathering.add(matches);
      await bus.write(matches.map((match) => toDelivery(match, sighting)), writing);
    },
    async close() {
      if (sighting !== undefined && gathering !== undefined) {
        for await (const page of gathering.drain()) {
          await bus.write(page.map((tally) => windowDelivery(tally, sighting)), writing);
        }
      }
      return tellFailures(await sinks?.close() ?? [], logger);
    },
  };
}

/** The summary for people, on standard error. */
function summarize(
  snapshot: Snapshot,
  unsupported: ReadonlyMap<string, Gathered>,
): void {
  const cut = { time: " (cut short by --max-time)", signal: " (interrupted)" };
  const lines = [
    `${snapshot.received} indicators received${snapshot.cut ? cut[snapshot.cut] : ""}`,
  ];
  for (const [reason, count] of snapshot.unusable) lines.push(`  ${count} not used: ${reason}`);
  for (const [reason, count] of snapshot.refused) {
    lines.push(`  ${count} messages refused: ${reason}`);
  }
  for (const [reason, { count, named }] of unsupported) {
    lines.push(`  ${count} unsupported: ${reason}`);
    for (const { id, pattern } of named) lines.push(`    ${id} ${shortened(pattern)}`);
    if (count > named.length) lines.push(`    and ${count - named.length} more`);
  }
  console.error(lines.join("\n"));
}

/** Indicators that were not looked for, for the same reason. */
interface Gathered {
  count: number;
  /** The first few. */
  readonly named: Indicator[];
}

/** Most indicators that are named for each reason, and most reasons. */
const NAMED = 10, REASONS = 20;

async function gatherUnsupported(
  engine: Engine,
  indicators: IndicatorSet,
): Promise<Map<string, Gathered>> {
  const gathered = new Map<string, Gathered>();
  for await (const { indicator, reason } of unsupportedIn(engine, indicators)) {
    const isOneTooMany = gathered.size >= REASONS && !gathered.has(reason);
    const key = isOneTooMany ? "other reasons, see bridge pattern check" : reason;
    const group = gathered.get(key) ?? { count: 0, named: [] };
    gathered.set(key, group);
    group.count++;
    if (group.named.length < NAMED) group.named.push(indicator);
  }
  return gathered;
}

function shortened(pattern: string): string {
  const line = oneLine(pattern);
  return line.length > 120 ? `${line.slice(0, 120)}…` : line;
}
