/** A Threat Bus inside this process, for who has none yet. */
import { dirname } from "node:path";
import { getLogger } from "../../log.ts";
import { LEFT } from "../../zmtp/handshake.ts";
import {
  type ConnectionEvent,
  formatEndpoint,
  type Listener,
  type Mechanism,
  ZmtpError,
} from "../../zmtp/mod.ts";
import { checkBind } from "./bind.ts";
import { type Broker, type BusStats, createBroker } from "./broker.ts";
import { serveManage, servePub, serveSub } from "./endpoints.ts";
import { createIntel, type Intel } from "./intel.ts";
import { type BusStore, openStore } from "./store.ts";

const logger = getLogger(["bridge", "bus"]);
const DAY_MS = 86_400_000;
const COMMIT_MS = 100;
const EXPIRE_MS = 5_000;

/** Settings of a bus. */
export interface BusOptions {
  /** Address to listen on; default 127.0.0.1. */
  readonly host?: string;
  /** Ports; default 13370, 13371, 13372; 0 takes any free one. */
  readonly managePort?: number;
  readonly pubPort?: number;
  readonly subPort?: number;
  /** SQLite file for snapshots; default `:memory:`, which forgets at the end. */
  readonly store?: string;
  /** How long messages are kept for snapshots; default 365 days. */
  readonly retentionDays?: number;
  /** STIX files and folders of such, whose indicators are published as they change. */
  readonly intel?: readonly string[];
  /** Folders, besides the store's, where this process has databases: they must not be watched. */
  readonly databases?: readonly string[];
  /** PLAIN or CURVE, server side; NULL unless said. */
  readonly mechanism?: Mechanism;
  /** Listen beyond this machine without CURVE or PLAIN. */
  readonly insecure?: boolean;
  /** A subscriber without heartbeat and connection for so long is forgotten; default 30,000 ms. */
  readonly expiryMs?: number;
  /** Bytes that the store's messages may take, beyond which the oldest go; default no bound. */
  readonly storeBytes?: number;
  /** What is held for one subscriber, in bytes; default 64 MiB. */
  readonly queueBytes?: number;
  /** What is held for all of them together; default 512 MiB. */
  readonly totalBytes?: number;
  /** Most subscribers; default 10,000. */
  readonly maxSubscribers?: number;
  /** A subscriber that reads nothing for so long no longer slows publishers down; default 5,000 ms. */
  readonly stallMs?: number;
}

/** A bus that runs. */
export interface Bus {
  readonly host: string;
  /** Where apps subscribe: `host:port`. */
  readonly endpoint: string;
  readonly managePort: number;
  readonly pubPort: number;
  readonly subPort: number;
  stats(): BusStats;
  /** Ends all connections and closes the store. */
  close(): Promise<void>;
}

/**
 * Starts a bus; resolves when all endpoints listen and the files of `intel` are
 * published. Ends with the signal too. Rejects with `UsageError` (address),
 * `ConfigError` (store) or `NotConnectedError` (port taken).
 */
export async function startBus(options: BusOptions, signal: AbortSignal): Promise<Bus> {
  const { host = "127.0.0.1", insecure = false, retentionDays = 365 } = options;
  const secured = options.mechanism !== undefined && options.mechanism.name !== "NULL";
  checkBind(host, secured, insecure);
  signal.throwIfAborted();
  const store = openStore(options.store ?? ":memory:", {
    bytes: options.storeBytes ?? Infinity,
    onFull: () =>
      logger.warn("The store is full: the oldest messages go, and snapshots will lack them"),
  });
  const stop = new AbortController();
  const ports = { pub: 0, sub: 0 };
  const { queueBytes = 1 << 26, stallMs = 5000 } = options;
  const { totalBytes = 1 << 29, maxSubscribers = 10_000 } = options;
  const broker = createBroker({
    store,
    ports,
    limits: {
      bytes: queueBytes,
      stallMs,
      totalBytes,
      subscribers: maxSubscribers,
    },
    expiryMs: options.expiryMs ?? 30_000,
  });
  const work: Promise<void>[] = [];
  const listeners: Listener[] = [];
  let closing: Promise<void> | undefined;
  const close = () => closing ??= end();
  const end = async () => {
    signal.removeEventListener("abort", close);
    stop.abort();
    broker.close();
    await Promise.all([...work, ...listeners.map((listener) => listener.close())]);
    store.close();
  };
  signal.addEventListener("abort", close, { once: true });
  const onEvent = tellFaults();
  const socket = (port: number) => ({
    endpoint: formatEndpoint({ transport: "tcp", hostname: host, port }),
    signal: stop.signal,
    onEvent,
    ...(options.mechanism && { mechanism: options.mechanism }),
  });
  try {
    const pub = servePub(socket(options.pubPort ?? 13371), broker);
    const sub = serveSub(socket(options.subPort ?? 13372), broker);
    [ports.pub, ports.sub] = [pub.port, sub.port];
    // Last, so that nobody is granted what can't be served yet.
    const manage = serveManage(socket(options.managePort ?? 13370), broker);
    listeners.push(manage, sub, pub);
    startChores(broker, store, retentionDays, stop.signal);
    if (options.intel?.length) {
      const databases = [...options.databases ?? []];
      if (options.store !== undefined) databases.push(dirname(options.store));
      const intel = createIntel(options.intel, broker, store, databases);
      const { read, done } = followIntel(intel, stop.signal);
      work.push(done);
      await read;
    }
    const endpoint = manage.endpoint.replace("tcp://", "");
    logger.info("Threat Bus listens on {endpoint} (pub {pub}, sub {sub})", { endpoint, ...ports });
    return {
      host,
      endpoint,
      managePort: manage.port,
      pubPort: ports.pub,
      subPort: ports.sub,
      stats: () => broker.stats(),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Most different faults of connections that are warned of. */
const MOST_FAULTS = 50;

/** Says why connections failed or were cut, each reason once: a port scan must not fill the log. */
function tellFaults(): (event: ConnectionEvent) => void {
  const told = new Set<string>();
  return (event) => {
    if (event.type !== "failed" && event.type !== "disconnected") return;
    const { peer, reason } = event;
    // Others are of the network: somebody went away.
    if (!(reason instanceof ZmtpError) || reason.message === LEFT) return;
    const isNew = !told.has(reason.message) && told.size < MOST_FAULTS;
    if (isNew) told.add(reason.message);
    const properties = { peer, reason: reason.message };
    if (isNew) logger.warn("The connection of {peer} failed: {reason}", properties);
    else logger.debug("The connection of {peer} failed: {reason}", properties);
  };
}

/** Commits the store, forgets dead subscribers and old messages, each in its own rhythm. */
function startChores(
  broker: Broker,
  store: BusStore,
  retentionDays: number,
  signal: AbortSignal,
): void {
  const guarded = (chore: () => void) => () => {
    try {
      chore();
    } catch (error) {
      logger.error("Cannot write the bus's store: {error}", { error: String(error) });
    }
  };
  const prune = guarded(() => store.prune(Date.now() - retentionDays * DAY_MS));
  prune();
  const timers = [
    setInterval(guarded(() => store.commit()), COMMIT_MS),
    setInterval(() => broker.expire(), EXPIRE_MS),
    setInterval(prune, DAY_MS),
  ];
  signal.addEventListener("abort", () => timers.forEach(clearInterval), { once: true });
}

/** Publishes what the files hold (`read`) and follows them until the signal aborts (`done`). */
function followIntel(
  intel: Intel,
  signal: AbortSignal,
): { readonly read: Promise<void>; readonly done: Promise<void> } {
  const read = intel.scan(signal);
  // Whoever waits for `read` learns why it failed; following needs it done only.
  return { read, done: read.then(() => intel.watch(signal), () => {}) };
}
