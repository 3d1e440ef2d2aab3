import { getLogger } from "@logtape/logtape";
import { parseSinkSpec, type ResolvedSink, type SinkEntryConfig } from "../../sinks/registry.ts";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { createMemoryQueue } from "../delivery/memory_queue.ts";
import { openNowOrLater } from "../delivery/open_later.ts";
import type { Queue } from "../delivery/queue.ts";
import { openSpool } from "../delivery/spool.ts";
import { loadFormat } from "../formats/registry.ts";
import { type MetricsServer, type Readiness, serveMetrics } from "../metrics/health.ts";
import { writeInfluxFile } from "../metrics/influx.ts";
import { createMetrics, type Metrics } from "../metrics/metrics.ts";
import { createSystemdNotifier } from "../metrics/systemd.ts";
import { busSink } from "../pipeline/run/bus_sink.ts";
import { openIndicatorStore } from "../pipeline/run/indicator_store.ts";
import { positionStore } from "../pipeline/run/positions.ts";
import { type Channel, run, type RunSettings } from "../pipeline/run/run.ts";
import { prepareDirectory, stateDirectory } from "../state/directory.ts";
import { openState, type State } from "../state/state.ts";
import { type Bus, startBus } from "../threatbus/bus/bus.ts";
import { createClient, type ThreatBusClient } from "../threatbus/client.ts";
import { zmqLink } from "../threatbus/zmq_link.ts";
import type { RunFlags } from "./commands/run.ts";
import { type CliContext, EXIT } from "./context.ts";
import { openEngine } from "./engine.ts";
import { createSets } from "./indicator_sets.ts";
import { setUpLogging } from "./logging.ts";
import { overlay, splitEndpoint, wholeNumber } from "./settings.ts";

const logger = getLogger(["bridge", "run"]);

/** Most deliveries that wait for one sink when there is no spool. */
const MEMORY_QUEUE = 10_000;

/** Runs `bridge run` until it is stopped and resolves with its exit code. */
export async function runRun(flags: RunFlags, context: CliContext): Promise<number> {
  const loaded = await loadConfig({ file: flags.config, env: context.env });
  const config = withFlags(loaded.values, flags);
  await setUpLogging({
    console: flags.logLevel ?? flags.loglevel ??
      (config["logging.console"] ? config["logging.console_verbosity"] : undefined),
    ...(config["logging.file"]
      ? { file: { path: config["logging.filename"], level: config["logging.file_verbosity"] } }
      : {}),
    timestamps: true,
  });
  if (loaded.file !== undefined) logger.info("Configuration from {file}", { file: loaded.file });
  await using cleanup = new AsyncDisposableStack();
  const sinks = await resolveSinks(config, flags);
  const state = config["spool.enabled"] ? openOwnState(config, context) : undefined;
  if (state !== undefined) cleanup.defer(() => state.close());
  const metrics = createMetrics();
  const engine = await openEngine(flags, config, {
    forever: true,
    ...(state === undefined ? {} : { positions: positionStore(state) }),
  });
  cleanup.defer(() => engine.close());
  const bus = config.bus === "embedded" ? await embeddedBus(config, state) : undefined;
  if (bus !== undefined) cleanup.defer(() => bus.close());
  // Closed at the end, after what was found on the way out is published.
  const clientLife = new AbortController();
  const client = connectClient(config, bus, flags, metrics, clientLife.signal);
  cleanup.defer(() => client.close());
  const channels = await openChannels(sinks, config, client, context);
  for (const { sink } of channels) cleanup.defer(() => sink.close());
  const { indicators, createSet } = await createSets(config);
  const store = state === undefined ? undefined : openIndicatorStore(state);
  const restored = store?.restore(indicators) ?? 0;
  if (restored > 0) logger.info("{count} indicators from before", { count: restored });
  const queue = openQueue(config, state);
  const transformer = await openTransformer(config, context);
  if (transformer !== undefined) cleanup.defer(() => transformer.close());
  const readiness: Readiness = () => ({
    bus: { ok: client.state.type === "subscribed", state: client.state.type },
    engine: engineState(engine.health?.()),
    ...(state === undefined
      ? {}
      : { state: { ok: !state.stuck, state: state.stuck ? "no room" : "ok" } }),
  });
  const server = startMetrics(config, metrics, readiness, context.signal);
  if (server !== undefined) cleanup.defer(() => server.close());
  const notifier = createSystemdNotifier(context.env, () => true, context.signal);
  if (flags.failFast) await client.subscribed;
  client.subscribed.then(() => notifier.ready("subscribed"), () => {});
  await run(
    {
      client,
      engine,
      indicators,
      createSet,
      store,
      queue,
      channels,
      metrics,
      ...(transformer === undefined ? {} : { transform: transformer.transform }),
    },
    settingsOf(config),
    context.signal,
  ).finally(() => notifier.stopping());
  return EXIT.matched;
}

function withFlags(config: Config, flags: RunFlags): Config {
  return overlay(config, {
    threatbus: flags.threatbus,
    bus: flags.bus,
    snapshot: flags.snapshot && wholeNumber("--snapshot", flags.snapshot),
    live_match: flags.live ?? flags.liveMatch,
    retro_match: flags.retro ?? flags.retroMatch,
    retro_match_max_events: flags.retroMatchMaxEvents &&
      wholeNumber("--retro-match-max-events", flags.retroMatchMaxEvents),
    subdomains: flags.subdomains,
    transform_context: flags.transformContext,
    format: flags.format,
    report: flags.report,
    state_dir: flags.stateDir,
    "spool.enabled": flags.spool === false ? false : undefined,
    "metrics.listen": flags.metricsListen,
  });
}

function settingsOf(config: Config): RunSettings {
  return {
    live: config.live_match,
    retro: config.retro_match,
    maxEvents: config.retro_match_max_events,
    retroTimeout: config.retro_match_timeout,
    batchSize: config.retro_batch_size,
    batchDelay: config.retro_batch_delay,
    maxBackgroundTasks: config.max_background_tasks,
    maxAttempts: config["spool.max_attempts"],
    maxAge: config["spool.max_age"],
    shutdownTimeout: config.shutdown_timeout,
  };
}

function openOwnState(config: Config, context: CliContext): State {
  const directory = stateDirectory(config.state_dir, context.env);
  prepareDirectory(directory);
  return openState(directory);
}

async function embeddedBus(
  config: Config,
  state: State | undefined,
): Promise<Bus> {
  const { host, port } = splitEndpoint(config.threatbus, "threatbus", 13370);
  const life = new AbortController();
  return await startBus({
    host: host === "localhost" ? "127.0.0.1" : host,
    managePort: port,
    ...(port === 0 ? { pubPort: 0, subPort: 0 } : { pubPort: port + 1, subPort: port + 2 }),
    ...(state === undefined ? {} : { store: `${state.path.replace(/bridge\.db$/, "")}bus.db` }),
  }, life.signal);
}

function connectClient(
  config: Config,
  bus: Bus | undefined,
  flags: RunFlags,
  metrics: Metrics,
  signal: AbortSignal,
): ThreatBusClient {
  const endpoint = bus?.endpoint ?? config.threatbus;
  const { host, port } = splitEndpoint(endpoint, "threatbus", 13370);
  return createClient({
    link: zmqLink({ host, port }),
    endpoint,
    topics: config.topics,
    snapshotDays: config.snapshot,
    failFast: flags.failFast === true,
    onState(state) {
      if (state.type === "subscribed" && state.again) metrics.reconnected();
    },
  }, signal);
}

/** Sinks from flags win over the configuration's; the ancestor's key may hold a command. */
async function resolveSinks(config: Config, flags: RunFlags): Promise<readonly ResolvedSink[]> {
  const entries: readonly SinkEntryConfig[] = flags.sink.length > 0
    ? flags.sink
    : [...config.sinks ?? [], ...(config.sink === undefined ? [] : [config.sink])];
  return await Promise.all(entries.map((entry) => parseSinkSpec(entry, { commands: true })));
}

async function openChannels(
  sinks: readonly ResolvedSink[],
  config: Config,
  client: ThreatBusClient,
  context: CliContext,
): Promise<Channel[]> {
  const { report } = config;
  const channels: Channel[] = [];
  const labels = new Set<string>();
  if (report === "threatbus" || report === "both" || (report === "auto" && sinks.length === 0)) {
    channels.push({
      label: "threatbus",
      format: await loadFormat("sighting"),
      sink: busSink(client),
    });
  }
  if (report === "threatbus") return channels;
  for (const { label, module, options, format: own } of sinks) {
    const format = await loadFormat(own ?? config.format);
    const head = format.head?.();
    const lent = { env: context.env, ...(head === undefined ? {} : { head }) };
    const sink = await openNowOrLater(
      label,
      (signal) => module.open(options, lent, signal),
      context.signal,
    );
    let unique = label;
    for (let number = 2; labels.has(unique); number++) unique = `${label} #${number}`;
    labels.add(unique);
    channels.push({ label: unique, format, sink });
  }
  return channels;
}

async function openTransformer(config: Config, { env }: CliContext) {
  const { transform_context: command } = config;
  if (command === undefined) return undefined;
  const { createTransformer } = await import("../pipeline/transform.ts");
  return createTransformer({
    command,
    mode: config["transform.mode"],
    timeout: config["transform.timeout"],
    env,
  });
}

function openQueue(config: Config, state: State | undefined): Queue {
  if (state === undefined) {
    return createMemoryQueue({
      capacity: MEMORY_QUEUE,
      dedup: config.dedup,
      onDead: (sink, dead, error) =>
        logger.error("{count} matches for {sink} are lost: {error}", {
          count: dead.length,
          sink,
          error,
        }),
    });
  }
  return openSpool(state, {
    maxSize: config["spool.max_size"],
    whenFull: config["spool.when_full"],
    dedup: config.dedup,
  });
}

function engineState(
  health: ReturnType<NonNullable<Awaited<ReturnType<typeof openEngine>>["health"]>> | undefined,
) {
  if (health?.type === "away") return { ok: false, state: `away: ${health.reason}` };
  return { ok: true, state: health?.type ?? "ok" };
}

function startMetrics(
  config: Config,
  metrics: Metrics,
  readiness: Readiness,
  signal: AbortSignal,
): MetricsServer | undefined {
  const { "metrics.filename": file, "metrics.interval": every, "metrics.listen": listen } = config;
  if (file !== undefined && every > 0) void writeInfluxFile(metrics, file, every, signal);
  return listen === undefined ? undefined : serveMetrics(listen, metrics, readiness);
}
