import { dirname } from "node:path";
import { getLogger } from "../log.ts";
import type { Queue } from "../delivery/queue.ts";
import { createMetrics } from "../metrics/metrics.ts";
import { createSystemdNotifier } from "../metrics/systemd.ts";
import { openIndicatorStore } from "../pipeline/run/indicator_store.ts";
import type { Channels } from "../pipeline/run/lanes.ts";
import { positionStore } from "../pipeline/run/positions.ts";
import { createFilters } from "../pipeline/run/readmit.ts";
import { run } from "../pipeline/run/run.ts";
import type { RunFlags } from "./commands/run.ts";
import { type CliContext, EXIT } from "./context.ts";
import { openEngine } from "./engine.ts";
import { createSets, packedDocuments } from "./indicator_sets.ts";
import { createOwnFiles } from "./own_files.ts";
import { createChannels } from "./run/channels.ts";
import { logAsConfigured, readRunConfig, settingsOf } from "./run/config.ts";
import {
  connectClient,
  embeddedBus,
  openAggregator,
  openOwnState,
  openQueue,
  openTransformer,
  readinessOf,
  startMetrics,
} from "./run/parts.ts";
import { sinksInUse } from "./settings.ts";
import { counted } from "./terminal.ts";
import { observeBus, observeEngine, observeHeldBack } from "./run/observed.ts";
import { reload } from "./run/reload.ts";

const logger = getLogger(["bridge", "run"]);

/** Runs `bridge run` until it is stopped and resolves with its exit code. */
export async function runRun(flags: RunFlags, context: CliContext): Promise<number> {
  try {
    await serve(flags, context);
  } catch (error) {
    // To be told to stop while it begins is no failure: a service manager would say so.
    if (!context.signal.aborted || error !== context.signal.reason) throw error;
    logger.info("Stopped while it began");
  }
  return EXIT.matched;
}

async function serve(flags: RunFlags, context: CliContext): Promise<void> {
  const read = await readRunConfig(flags, context);
  let { config } = read;
  logAsConfigured(config, flags);
  if (read.file !== undefined) logger.info("Configuration from {file}", { file: read.file });
  if (!config.live_match && !config.retro_match) {
    logger.warn("Nothing is matched: neither new events (live_match) nor past ones (retro_match)");
  }
  await using cleanup = new AsyncDisposableStack();
  const state = openOwnState(config, context);
  if (state !== undefined) cleanup.defer(() => state.close());
  const metrics = createMetrics();
  const own = createOwnFiles(state && dirname(state.path));
  await own.configure(config, sinksInUse(flags.sink, config));
  const engine = await openEngine(flags, config, {
    isOwn: own.has,
    databases: own.databases,
    forever: true,
    live: config.live_match,
    ...(state === undefined ? {} : { positions: positionStore(state) }),
  });
  cleanup.defer(() => engine.close());
  const bus = config.bus === "embedded" ? await embeddedBus(config, state) : undefined;
  if (bus !== undefined) {
    cleanup.defer(() => bus.close());
    observeBus(metrics, bus);
  }
  // Closed at the end, after what was found on the way out is published.
  const clientLife = new AbortController();
  const client = await connectClient(config, bus, flags, metrics, clientLife.signal);
  cleanup.defer(() => client.close());
  const channels = createChannels(flags, client, context);
  cleanup.defer(() => channels.close(Math.max(1000, config.shutdown_timeout)));
  await channels.configure(config);
  const spared = new Map<string, number>();
  const store = state === undefined ? undefined : openIndicatorStore(state);
  const sets = await createSets(config, store?.documents ?? await packedDocuments(), (list) => {
    spared.set(list, (spared.get(list) ?? 0) + 1);
    metrics.suppressed(`allow-listed by ${list}`);
  });
  observeHeldBack(metrics, sets.indicators);
  observeEngine(metrics, engine);
  cleanup.defer(() => tellSuppressed(spared, sets.indicators.heldBack));
  const filters = createFilters();
  const restored = store?.restore(sets.indicators) ?? 0;
  if (restored > 0) logger.info("{count} indicators from before", { count: restored });
  const queue = openQueue(config, state);
  warnOfOrphans(queue, channels);
  const aggregation = openAggregator(config, state, queue, channels);
  const transformer = await openTransformer(config, context);
  if (transformer !== undefined) cleanup.defer(() => transformer.close());
  const readiness = readinessOf(client, engine, state);
  const published = startMetrics(config, metrics, readiness);
  cleanup.defer(() => published.close());
  const notifier = createSystemdNotifier(context.env, () => true, context.signal);
  if (flags.failFast) await client.subscribed;
  client.subscribed.then(() => notifier.ready("subscribed"), () => {});
  // The same file again: where it is away, no other and no default takes its place.
  const again = read.file === undefined ? flags : { ...flags, config: read.file };
  using _hangUps = onHangUp(async () => {
    config = await reload(config, {
      read: async () => (await readRunConfig(again, context)).config,
      logging: (config) => logAsConfigured(config, flags),
      async sinks(config) {
        const changes = await channels.configure(config);
        await own.configure(config, sinksInUse(flags.sink, config));
        return changes;
      },
      async filters(config) {
        await sets.configure(config);
        filters.changed();
      },
    });
    warnOfOrphans(queue, channels);
  });
  await run(
    {
      client,
      engine,
      indicators: sets.indicators,
      createSet: sets.createSet,
      filters,
      store,
      queue,
      channels,
      aggregation,
      metrics,
      ...(transformer === undefined ? {} : { transform: transformer.transform }),
    },
    settingsOf(config),
    context.signal,
  ).finally(() => notifier.stopping());
}

/** What allow-lists, the guard and filters kept away, told at the end. */
function tellSuppressed(
  spared: ReadonlyMap<string, number>,
  heldBack: ReadonlyMap<string, number>,
): void {
  for (const [list, count] of spared) {
    logger.info("{hits} not reported: allow-listed by {list}", {
      hits: counted(count, "hit"),
      list,
    });
  }
  for (const [reason, count] of heldBack) {
    logger.info("{count} indicators not looked for: {reason}", { count, reason });
  }
}

/** Calls back at each SIGHUP, one after the other. */
function onHangUp(callback: () => Promise<void>): Disposable {
  if (Deno.build.os === "windows") return { [Symbol.dispose]() {} };
  let turn = Promise.resolve();
  const listener = () => {
    turn = turn.then(callback);
  };
  Deno.addSignalListener("SIGHUP", listener);
  return { [Symbol.dispose]: () => Deno.removeSignalListener("SIGHUP", listener) };
}

/** What waits for a sink that is no longer named is delivered by nobody, and takes room. */
function warnOfOrphans(queue: Queue, channels: Channels): void {
  const named = new Set(channels.current.map(({ label }) => label));
  for (const { sink, waiting } of queue.sinks()) {
    if (named.has(sink) || waiting === 0) continue;
    logger.warn(
      "{waiting} matches wait for {sink}, which is no sink now; see bridge spool list, " +
        "and bridge spool drop --waiting --sink",
      { waiting, sink },
    );
  }
}
