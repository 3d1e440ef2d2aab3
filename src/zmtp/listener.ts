import { UsageError } from "../errors.ts";
import { type Connection, openConnection } from "./connection.ts";
import { tune } from "./connector.ts";
import { formatEndpoint, parseEndpoint } from "./endpoint.ts";
import type { SocketType } from "./handshake.ts";
import { connectionOptions, type SocketOptions } from "./options.ts";
import { reasonOf } from "../system_error.ts";
import { toError } from "../wait.ts";

const TAKEN = {
  tcp: "Another process listens there, perhaps a Threat Bus: stop it, or take another port.",
  ipc: "If no process has that socket, its file is a killed one's: remove it.",
};

/** A bound endpoint. */
export interface Listener {
  /** Where it listens, with the port that the system chose. */
  readonly endpoint: string;
  readonly port: number;
  /** No new connections. */
  stop(): void;
  /** Closes all connections and resolves when their users have let go of them. */
  close(): Promise<void>;
}

/**
 * Binds and lets `use` have each connection after its handshake until it ends.
 * What one peer does wrong closes its connection alone.
 *
 * @throws UsageError when the endpoint can't be bound
 */
export function listen(
  socketType: SocketType,
  options: SocketOptions,
  use: (connection: Connection, peer: string) => Promise<void>,
): Listener {
  const { listener, endpoint, port, clean } = bind(options.endpoint);
  const connectionSettings = connectionOptions(socketType, options);
  const tell = options.onEvent ?? (() => {});
  const open = new Set<() => void>();
  const users = new Set<Promise<void>>();

  const serve = async (raw: Deno.Conn) => {
    const peer = peerOf(raw);
    const closeRaw = () => {
      try {
        raw.close();
      } catch { /* closed already */ }
    };
    let end = closeRaw;
    open.add(end);
    try {
      const connection = await openConnection(raw, connectionSettings);
      open.delete(end);
      // From here on the connection has to know that we end it, or it calls that a failure.
      open.add(end = connection.close);
      tell({ type: "connected", peer });
      await useUntilEnd(connection, peer);
    } catch (error) {
      tell({ type: "failed", peer, reason: toError(error) });
    } finally {
      open.delete(end);
      closeRaw();
    }
  };
  const useUntilEnd = async (connection: Connection, peer: string) => {
    try {
      await use(connection, peer);
      tell({ type: "disconnected", peer });
    } catch (error) {
      tell({ type: "disconnected", peer, reason: toError(error) });
    } finally {
      connection.close();
    }
  };
  const accepting = (async () => {
    while (true) {
      let raw: Deno.Conn;
      try {
        raw = await listener.accept();
      } catch (error) {
        // Out of file descriptors or a peer that left before it was accepted: the next one may do.
        if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) {
          return;
        }
        tell({ type: "failed", peer: endpoint, reason: toError(error) });
        await new Promise((resolve) => setTimeout(resolve, 50));
        continue;
      }
      tune(raw);
      const user = serve(raw);
      users.add(user);
      user.finally(() => users.delete(user));
    }
  })();
  let stopped = false;
  const stop = () => {
    if (stopped) return;
    stopped = true;
    listener.close();
    clean();
  };
  const close = async () => {
    stop();
    for (const closeOne of [...open]) closeOne();
    await accepting;
    await Promise.all(users);
  };
  options.signal?.addEventListener("abort", () => void close(), { once: true });
  return { endpoint, port, stop, close };
}

function bind(text: string) {
  const endpoint = parseEndpoint(text);
  try {
    if (endpoint.transport === "ipc") {
      const listener = Deno.listen({ transport: "unix", path: endpoint.path });
      const clean = () => {
        try {
          Deno.removeSync(endpoint.path);
        } catch { /* gone already */ }
      };
      return { listener: listener as Deno.Listener, endpoint: text, port: 0, clean };
    }
    const listener = Deno.listen({ hostname: endpoint.hostname, port: endpoint.port });
    const { port } = listener.addr;
    return {
      listener: listener as Deno.Listener,
      endpoint: formatEndpoint({ ...endpoint, port }),
      port,
      clean: () => {},
    };
  } catch (error) {
    throw new UsageError(`Can't listen on ${text}: ${reasonOf(error)}`, {
      ...(error instanceof Deno.errors.AddrInUse ? { hint: TAKEN[endpoint.transport] } : {}),
      cause: error,
    });
  }
}

function peerOf(raw: Deno.Conn): string {
  const address = raw.remoteAddr;
  return "hostname" in address
    ? formatEndpoint({ transport: "tcp", hostname: address.hostname, port: address.port })
    : "ipc";
}
