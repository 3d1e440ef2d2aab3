/** The parts of `bridge run` as the configuration wants them. */
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { getLogger } from "../../log.ts";
import type { Config } from "../../config/config.ts";
import { parseHostPort } from "../../config/endpoint.ts";
import { createMemoryQueue } from "../../delivery/memory_queue.ts";
import type { Queue } from "../../delivery/queue.ts";
import { openSpool } from "../../delivery/spool.ts";
import type { Engine } from "../../engines/engine.ts";
import { type Readiness, serveMetrics } from "../../metrics/health.ts";
import { writeInfluxFile } from "../../metrics/influx.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import { type Aggregation, hasWindows, openAggregation } from "../../pipeline/aggregate.ts";
import type { Channels } from "../../pipeline/run/lanes.ts";
import { stateDirectory } from "../../state/directory.ts";
import { openState, type State } from "../../state/state.ts";
import { type Bus, startBus } from "../../threatbus/bus/bus.ts";
import type { ThreatBusClient } from "../../threatbus/client.ts";
import { connectApp } from "../../threatbus/connect.ts";
import type { Mechanism } from "../../zmtp/mod.ts";
import { boundsOfConfig } from "../bus_bounds.ts";
import { busMechanism, embeddedSecurity } from "../bus_security.ts";
import type { RunFlags } from "../commands/run.ts";
import type { CliContext } from "../context.ts";

const logger = getLogger(["bridge", "run"]);

/** Most deliveries that wait for one sink when there is no spool. */
const MEMORY_QUEUE = 10_000;

/** Open windows may hold so much of the spool's room, beside the spool. */
const WINDOWS_SHARE = 0.25;

/** What is remembered over restarts, unless nothing is to be; no other process may have it. */
export function openOwnState(config: Config, { env }: CliContext): State | undefined {
  return config["spool.enabled"] ? openState(stateDirectory(config.state_dir, env)) : undefined;
}

/** A bus in this process, and how the app here gets in. */
export interface EmbeddedBus extends Bus {
  readonly client: Mechanism | undefined;
}

/** A Threat Bus in this process, at the endpoint where one is expected. */
export async function embeddedBus(
  config: Config,
  state: State | undefined,
): Promise<EmbeddedBus> {
  const { host, port } = parseHostPort(config.threatbus);
  const life = new AbortController();
  const security = await embeddedSecurity(config);
  const after = (offset: number) => port === 0 ? 0 : port + offset;
  const bus = await startBus({
    ...boundsOfConfig(config),
    insecure: config["embedded.insecure"],
    ...(security && { mechanism: security.server }),
    host: host === "localhost" ? "127.0.0.1" : host,
    managePort: port,
    pubPort: config["embedded.pub_port"] ?? after(1),
    subPort: config["embedded.sub_port"] ?? after(2),
    intel: config["embedded.intel"] ?? [],
    ...(state && { databases: [dirname(state.path)] }),
    store: config["embedded.store"] ??
      (state === undefined ? ":memory:" : join(dirname(state.path), "bus.db")),
  }, life.signal);
  return { ...bus, client: security?.client };
}

/** An app on that bus, or on the one that the configuration names. */
export async function connectClient(
  config: Config,
  bus: EmbeddedBus | undefined,
  flags: RunFlags,
  metrics: Metrics,
  signal: AbortSignal,
): Promise<ThreatBusClient> {
  return connectApp({
    mechanism: await busMechanism(config) ?? bus?.client,
    endpoint: bus?.endpoint ?? config.threatbus,
    topics: config.topics,
    snapshotDays: config.snapshot,
    failFast: flags.failFast === true,
    onState(state) {
      if (state.type === "subscribed" && state.again) metrics.reconnected();
    },
  }, signal);
}

/** The command of `transform_context`, if there is one. */
export async function openTransformer(config: Config, { env }: CliContext) {
  const { transform_context: command } = config;
  if (command === undefined) return undefined;
  const { createTransformer } = await import("../../pipeline/transform.ts");
  return createTransformer({
    command,
    mode: config["transform.mode"],
    timeout: config["transform.timeout"],
    env,
  });
}

/** What stands between matching and sinks. */
export function openQueue(config: Config, state: State | undefined): Queue {
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

/** What makes one sighting of many events, if that is asked for or was left half done. */
export function openAggregator(
  config: Config,
  state: State | undefined,
  queue: Queue,
  channels: Channels,
): Aggregation | undefined {
  const window = config["aggregate.window"] || undefined;
  if (window === undefined && (state === undefined || !hasWindows(state.db))) return undefined;
  const db = state?.db ?? new DatabaseSync(":memory:");
  const maxSize = config["spool.max_size"] * WINDOWS_SHARE;
  return openAggregation({ db, window, maxSize, queue, targets: () => channels.current });
}

/** How the parts are, for /readyz. */
export function readinessOf(
  client: ThreatBusClient,
  engine: Engine,
  state: State | undefined,
): Readiness {
  return () => ({
    bus: { ok: client.state.type === "subscribed", state: client.state.type },
    engine: engineState(engine.health?.()),
    ...(state === undefined
      ? {}
      : { state: { ok: !state.stuck, state: state.stuck ? "no room" : "ok" } }),
  });
}

function engineState(
  health: ReturnType<NonNullable<Engine["health"]>> | undefined,
) {
  if (health?.type === "away") return { ok: false, state: `away: ${health.reason}` };
  return { ok: true, state: health?.type ?? "ok" };
}

/** Writes and serves metrics where the configuration says, until closed: what is counted on the way out too. */
export function startMetrics(
  config: Config,
  metrics: Metrics,
  readiness: Readiness,
): { close(): Promise<void> } {
  const { "metrics.filename": file, "metrics.interval": every, "metrics.listen": listen } = config;
  const life = new AbortController();
  const writing = file !== undefined && every > 0
    ? writeInfluxFile(metrics, file, every, life.signal)
    : undefined;
  const server = listen === undefined ? undefined : serveMetrics(listen, metrics, readiness);
  return {
    async close() {
      life.abort();
      await Promise.all([writing, server?.close()]);
    },
  };
}
