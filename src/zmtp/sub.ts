import type { Connection } from "./connection.ts";
import { keepConnected } from "./connector.ts";
import { createInbox, type Inbox } from "./inbox.ts";
import { listen } from "./listener.ts";
import type { Message, Messages } from "./messages.ts";
import type { ConnectOptions, SocketOptions } from "./options.ts";
import { createNotice, orAborted } from "../wait.ts";

/** What a receiving socket takes. */
export interface ReceiveOptions {
  /** Prefixes to receive; an empty one is everything. */
  readonly topics?: readonly (string | Uint8Array)[];
  /** So many messages wait to be taken until the sender is held back, 1,000 unless said. */
  readonly receiveHighWaterMark?: number;
}

/** A socket that receives what it subscribed to. */
export interface SubSocket {
  /** Messages one by one, until the socket is closed. Use this or `batches`, once. */
  readonly messages: AsyncIterable<Message>;
  /** The same in the batches in which they arrive, for speed. */
  batches(): AsyncGenerator<Messages>;
  subscribe(topic: string | Uint8Array): void;
  unsubscribe(topic: string | Uint8Array): void;
  /**
   * Resolves when a connection is up and all subscriptions so far were handed to
   * the operating system on it: as much as the protocol lets a subscriber know.
   */
  ready(signal?: AbortSignal): Promise<void>;
  /** Ends the socket; messages already here can still be taken. */
  close(): Promise<void>;
}

/** A SUB that connects, and connects again with all its subscriptions when the peer was away. */
export function connectSub(options: ConnectOptions & ReceiveOptions): SubSocket {
  const core = createSubCore(options);
  const running = keepConnected("SUB", options, core.use, core.signal);
  return core.socket({ close: () => core.close(running) });
}

/** A SUB that binds (the inbound side of a broker); its subscriptions hold for every peer. */
export function bindSub(
  options: SocketOptions & ReceiveOptions,
): SubSocket & { readonly endpoint: string; readonly port: number } {
  const core = createSubCore(options);
  const listener = listen("SUB", { ...options, signal: core.signal }, core.use);
  return core.socket({
    endpoint: listener.endpoint,
    port: listener.port,
    close: () => core.close(listener.close()),
  });
}

function createSubCore(options: SocketOptions & ReceiveOptions) {
  const topics = new Map<string, Uint8Array>();
  for (const topic of options.topics ?? []) topics.set(keyOf(topic), bytesOf(topic));
  const connections = new Set<Connection>();
  const inbox = createInbox(options.receiveHighWaterMark ?? 1000);
  const controller = new AbortController();
  const signal = options.signal === undefined
    ? controller.signal
    : AbortSignal.any([options.signal, controller.signal]);
  signal.addEventListener("abort", inbox.close, { once: true });
  const changed = createNotice();

  const use = async (connection: Connection) => {
    for (const topic of topics.values()) connection.subscription("subscribe", topic);
    connections.add(connection);
    changed.raise();
    try {
      for await (const incoming of connection.incoming()) {
        for (const one of incoming) {
          if (one.type === "messages") await inbox.put(one.messages, signal);
        }
      }
    } finally {
      connections.delete(connection);
      changed.raise();
    }
  };
  const tellAll = (type: "subscribe" | "cancel", topic: Uint8Array) => {
    for (const connection of connections) connection.subscription(type, topic);
  };
  const ready = async (given?: AbortSignal) => {
    const either = given === undefined ? signal : AbortSignal.any([signal, given]);
    while (true) {
      either.throwIfAborted();
      const [connection] = connections;
      if (connection === undefined) await changed.next(either);
      else {
        await orAborted(connection.sender.flushed(), either);
        if (connections.has(connection)) return;
      }
    }
  };
  return {
    signal,
    use,
    /** The socket that users see, with what its way of connecting adds. */
    socket: <Extra extends { close(): Promise<void> }>(extra: Extra): SubSocket & Extra => ({
      ...extra,
      messages: oneByOne(inbox),
      batches: inbox.batches,
      subscribe(topic: string | Uint8Array) {
        if (topics.has(keyOf(topic))) return;
        topics.set(keyOf(topic), bytesOf(topic));
        tellAll("subscribe", bytesOf(topic));
      },
      unsubscribe(topic: string | Uint8Array) {
        if (topics.delete(keyOf(topic))) tellAll("cancel", bytesOf(topic));
      },
      ready,
    }),
    async close(running: Promise<unknown>) {
      controller.abort(new DOMException("the socket was closed", "AbortError"));
      await running;
    },
  };
}

async function* oneByOne(inbox: Inbox): AsyncGenerator<Message> {
  for await (const batch of inbox.batches()) yield* batch;
}

function bytesOf(topic: string | Uint8Array): Uint8Array {
  return typeof topic === "string" ? new TextEncoder().encode(topic) : topic;
}

/** Bytes as a string of as many characters: a key for maps. */
function keyOf(topic: string | Uint8Array): string {
  return latin1(bytesOf(topic));
}

/** Bytes as a string of as many characters. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
