import type { BackoffOptions } from "../backoff.ts";
import type { ConnectionOptions } from "./connection.ts";
import type { SocketType } from "./handshake.ts";
import { nullMechanism } from "./security/null.ts";
import type { Mechanism } from "./security/mechanism.ts";

/** Something that happened to a connection, for logs and health. */
export type ConnectionEvent =
  | { readonly type: "connected"; readonly peer: string }
  | { readonly type: "disconnected"; readonly peer: string; readonly reason?: Error }
  /** Connecting or the handshake failed. */
  | { readonly type: "failed"; readonly peer: string; readonly reason: Error }
  /** The next try comes in so many ms. */
  | { readonly type: "retrying"; readonly peer: string; readonly delay: number };

/** What every socket takes. */
export interface SocketOptions {
  /** `tcp://host:port` or `ipc:///path`. */
  readonly endpoint: string;
  /** Ends the socket at once; use its `close` for a clean end. */
  readonly signal?: AbortSignal;
  /** NULL unless said; see `security/`. */
  readonly mechanism?: Mechanism;
  /** Longest message in bytes, 128 MiB unless said. A peer that sends more loses its connection. */
  readonly maxMessageSize?: number;
  /**
   * Frames of messages that are longer, in bytes, are read past and cost no connection: `cutFrom`
   * tells of them (with CURVE their beginning is not readable, as a frame is opened as a whole).
   */
  readonly skipAbove?: number;
  /** Time to connect, and then for the handshake, in ms; 10 s unless said. */
  readonly handshakeTimeout?: number;
  /** PING after so much silence, ms; never unless said. */
  readonly heartbeat?: number;
  readonly onEvent?: (event: ConnectionEvent) => void;
}

/** What a socket that connects takes besides. */
export interface ConnectOptions extends SocketOptions {
  /** First and longest wait between tries, ms: 100 ms and 10 s unless said. */
  readonly reconnect?: BackoffOptions;
}

/** The options of a socket's connections, with the defaults filled in. */
export function connectionOptions(
  socketType: SocketType,
  options: SocketOptions,
): ConnectionOptions {
  return {
    socketType,
    mechanism: options.mechanism ?? nullMechanism,
    maxMessageSize: options.maxMessageSize ?? 128 * 1024 * 1024,
    handshakeTimeout: options.handshakeTimeout ?? 10_000,
    heartbeat: options.heartbeat ?? 0,
    ...(options.skipAbove !== undefined && { skipAbove: options.skipAbove }),
  };
}
