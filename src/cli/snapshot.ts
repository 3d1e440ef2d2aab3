import { getLogger } from "../log.ts";
import type { Config } from "../config/config.ts";
import { loadConfig, type LoadedConfig } from "../config/load.ts";
import { parseDuration } from "../config/units.ts";
import { oneLine } from "../controls.ts";
import type { Engine, Match } from "../engines/engine.ts";
import { loadFormat } from "../formats/registry.ts";
import type { Indicator, IndicatorSet } from "../intel/indicator.ts";
import { hunt, type HuntResult, unsupportedIn } from "../pipeline/hunt.ts";
import { createGathering } from "../pipeline/gathering.ts";
import { type Outlets, toDelivery, windowDelivery } from "../pipeline/outlets.ts";
import { busSink } from "../pipeline/run/bus_sink.ts";
import { type Snapshot, takeSnapshot } from "../pipeline/snapshot.ts";
import type { ThreatBusClient } from "../threatbus/client.ts";
import { connectApp } from "../threatbus/connect.ts";
import { lingering } from "../wait.ts";
import { busMechanism } from "./bus_security.ts";
import type { SnapshotFlags } from "./commands/snapshot.ts";
import { type CliContext, EXIT } from "./context.ts";
import { openEngine } from "./engine.ts";
import { openHuntOutlets, tellFailures } from "./hunt_outlets.ts";
import { createSets, packedDocuments } from "./indicator_sets.ts";
import { setUpLogging } from "./logging.ts";
import {
  endpointFrom,
  filterFrom,
  fromFlag,
  overlay,
  wholeNumber,
  windowFrom,
} from "./settings.ts";

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
  await using cleanup = new AsyncDisposableStack();
  const engine = flags.dump === undefined ? await openEngine(flags, config) : undefined;
  if (engine !== undefined) cleanup.defer(() => engine.close());
  const client = await connect(config);
  cleanup.defer(() => client.close());
  const { indicators } = await createSets(config, await packedDocuments());
  const snapshot = await takeSnapshot(client, indicators, bounds, context.signal);
  if (engine === undefined) {
    await dump(indicators, flags.dump, context);
    if (!flags.quiet) summarize(snapshot, undefined, new Map());
    return indicators.size > 0 ? EXIT.matched : EXIT.nothing;
  }
  const outlets = await openReports(flags, { ...loaded, values: config }, client, context);
  const query = { indicators, maxEvents: config.retro_match_max_events };
  const result = await hunt({ engine, query, deliver: outlets.deliver }, context.signal);
  const failed = await outlets.close();
  const unsupported = await gatherUnsupported(engine, indicators);
  if (!flags.quiet) summarize(snapshot, result, unsupported);
  const incomplete = snapshot.cut || result.unread || result.stopped !== undefined || failed;
  if (incomplete) return EXIT.error;
  return result.matches > 0 ? EXIT.matched : EXIT.nothing;
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

/** Writes the indicators as one STIX 2.1 bundle, an object a line. */
async function dump(
  indicators: IndicatorSet,
  target: SnapshotFlags["dump"],
  context: CliContext,
): Promise<void> {
  const file = typeof target === "string" && target !== "-" ? await Deno.create(target) : undefined;
  const encoder = new TextEncoder();
  const write = async (text: string) => {
    if (file === undefined) return await context.print(text);
    const bytes = encoder.encode(text);
    for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
  };
  try {
    await write(`{"type":"bundle","id":"bundle--${crypto.randomUUID()}","objects":[`);
    let first = true;
    for (const handle of indicators.handles()) {
      await write(`${first ? "" : ","}\n${JSON.stringify(indicators.get(handle).stix)}`);
      first = false;
    }
    await write("\n]}\n");
  } finally {
    file?.close();
  }
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
  result: HuntResult | undefined,
  unsupported: ReadonlyMap<string, Gathered>,
): void {
  const lines = [
    `${snapshot.received} indicators received${snapshot.cut ? " (cut short by --max-time)" : ""}`,
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
  if (result !== undefined) {
    lines.push(`${result.counts.size} indicators matched, ${result.matches} sightings`);
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
