/**
 * What the client needs of a connection to a broker, apart from ZeroMQ: ask, listen,
 * publish. All waits end with the signal.
 */
import { BridgeError } from "../errors.ts";
import type { Messages } from "../zmtp/mod.ts";

/** A listening connection (SUB). */
export interface Listener {
  /** Takes effect in the order of the calls. */
  subscribe(prefix: string): void;
  unsubscribe(prefix: string): void;
  /** Resolves when the broker has read all subscriptions so far. Needs a reader of `batches`. */
  confirmed(signal: AbortSignal): Promise<void>;
  /** Messages, in batches as they arrive, until the connection is lost or closed. */
  batches(): AsyncIterable<Messages>;
  close(): void;
}

/** A message to publish: the pieces of its one frame. */
export type Outgoing = readonly Uint8Array[];

/** A publishing connection (PUB). */
export interface Publisher {
  /**
   * Sends messages in order; TCP pushes back when the broker is slow. Resolves when the
   * broker's socket has read all of them, rejects when the connection is lost before.
   */
  publish(messages: Iterable<Outgoing>, signal: AbortSignal): Promise<void>;
  /** Resolves when the connection is lost or closed, with what the peer did wrong, if it did. */
  readonly ended: Promise<string | undefined>;
  close(): void;
}

/** Opens connections to one broker's host. Failures are `NotConnectedError`s. */
export interface Link {
  /** Sends one request to the management endpoint and waits for the reply. */
  request(request: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  listen(port: number, signal: AbortSignal): Promise<Listener>;
  publisher(port: number, signal: AbortSignal): Promise<Publisher>;
}

/** What a peer did wrong, if that is why reading from it ended; the network's faults are not its own. */
export function faultOf(error: unknown): string | undefined {
  return error instanceof BridgeError ? error.message : undefined;
}
