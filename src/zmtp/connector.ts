import { backoff, type BackoffOptions } from "../backoff.ts";
import { type Connection, openConnection } from "./connection.ts";
import { type Endpoint, parseEndpoint } from "./endpoint.ts";
import type { SocketType } from "./handshake.ts";
import { connectionOptions, type ConnectOptions } from "./options.ts";
import { deadline, orAborted, sleep, toError } from "../wait.ts";

const RECONNECT: BackoffOptions = { initial: 100, maximum: 10_000 };

/**
 * Keeps a connection up until the signal aborts: connects, shakes hands, lets
 * `use` have the connection until it ends, and tries again with exponential
 * backoff and jitter. Never rejects.
 */
export async function keepConnected(
  socketType: SocketType,
  options: ConnectOptions,
  use: (connection: Connection) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const tell = options.onEvent ?? (() => {});
  const peer = options.endpoint;
  let failures = 0;
  while (!signal.aborted) {
    const connected = await tryConnect(socketType, options, use, signal);
    if (signal.aborted) return;
    if (connected) failures = 0;
    const delay = backoff(failures++, options.reconnect ?? RECONNECT);
    tell({ type: "retrying", peer, delay });
    await sleep(delay, signal);
  }
}

async function tryConnect(
  socketType: SocketType,
  options: ConnectOptions,
  use: (connection: Connection) => Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  const tell = options.onEvent ?? (() => {});
  const peer = options.endpoint;
  let connection: Connection;
  try {
    connection = await dial(socketType, options, signal);
  } catch (error) {
    if (!signal.aborted) tell({ type: "failed", peer, reason: toError(error) });
    return false;
  }
  const close = () => connection.close();
  signal.addEventListener("abort", close);
  tell({ type: "connected", peer });
  try {
    await use(connection);
    tell({ type: "disconnected", peer });
  } catch (error) {
    tell({ type: "disconnected", peer, reason: toError(error) });
  } finally {
    signal.removeEventListener("abort", close);
    connection.close();
  }
  return true;
}

/**
 * Connects once and shakes hands.
 *
 * @throws ZmtpError or the system's error
 */
export async function dial(
  socketType: SocketType,
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<Connection> {
  const endpoint = parseEndpoint(options.endpoint);
  const settings = connectionOptions(socketType, options);
  const raw = await connectTransport(endpoint, settings.handshakeTimeout, signal);
  const close = () => {
    try {
      raw.close();
    } catch { /* closed already */ }
  };
  if (signal.aborted) close();
  signal.addEventListener("abort", close);
  try {
    return await openConnection(raw, settings);
  } finally {
    signal.removeEventListener("abort", close);
  }
}

/** A host that swallows packets is not waited for longer than a handshake may take. */
async function connectTransport(
  endpoint: Endpoint,
  timeout: number,
  signal: AbortSignal,
): Promise<Deno.Conn> {
  signal.throwIfAborted();
  const connecting: Promise<Deno.Conn> = endpoint.transport === "ipc"
    ? Deno.connect({ transport: "unix", path: endpoint.path })
    : Deno.connect({ hostname: endpoint.hostname, port: endpoint.port });
  const late = deadline(timeout, signal);
  try {
    const raw = await orAborted(connecting, late.signal);
    tune(raw);
    return raw;
  } catch (error) {
    // Should it succeed after all, nobody waits for it any more.
    connecting.then((raw) => raw.close(), () => {});
    throw error;
  } finally {
    late.clear();
  }
}

/** Small messages go out at once, and a peer whose machine vanished is noticed in the end. */
export function tune(raw: Deno.Conn): void {
  if (!("setNoDelay" in raw)) return;
  (raw as Deno.TcpConn).setNoDelay(true);
  (raw as Deno.TcpConn).setKeepAlive(true);
}
