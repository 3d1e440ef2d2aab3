/** Connections to a broker over ZeroMQ. */
import { NotConnectedError } from "../errors.ts";
import { reasonOf } from "../system_error.ts";
import type { Connection } from "../zmtp/connection.ts";
import { dial } from "../zmtp/connector.ts";
import { connectReq, type Mechanism } from "../zmtp/mod.ts";
import { orAborted } from "../wait.ts";
import { LONGEST_MESSAGE } from "./messages.ts";
import { faultOf, type Link, type Listener, type Publisher } from "./link.ts";

/** Where the broker is and how to talk to it. */
export interface LinkOptions {
  readonly host: string;
  /** Port of the management endpoint, usually 13370. */
  readonly port: number;
  /** PLAIN or CURVE; the real broker knows only NULL. */
  readonly mechanism?: Mechanism;
  /**
   * A listening connection that is silent for so long is asked for a sign of life, ms; default
   * 10,000. One that a firewall forgot would be deaf for ever while heartbeats pass.
   */
  readonly silenceMs?: number;
}

/** Bytes of messages that are handed to the operating system together. */
const PIECE = 256 * 1024;

const LOGIN = "It asks for another login: see bus_security in the configuration.";
const UNKNOWN =
  "It does not let us in: compare bus_security with the logins and keys that it knows.";
const NOBODY = "Name the management endpoint of a Threat Bus that runs, or start one: bridge bus.";

/** Makes the link; nothing is connected yet. */
export function zmqLink({ host, port, mechanism, silenceMs = 10_000 }: LinkOptions): Link {
  const optionsFor = (port: number) => ({
    endpoint: `tcp://${host.includes(":") ? `[${host.replace(/^\[|\]$/g, "")}]` : host}:${port}`,
    ...(mechanism && { mechanism }),
  });
  const open = async (type: "SUB" | "PUB", port: number, signal: AbortSignal) => {
    // A broker that is behind reads no PING: that is no reason to give up publishing to it.
    const heartbeat = type === "SUB" ? silenceMs : 0;
    const options = { ...optionsFor(port), skipAbove: LONGEST_MESSAGE, heartbeat };
    try {
      return await dial(type, options, signal);
    } catch (error) {
      signal.throwIfAborted();
      const reason = reasonOf(error);
      throw new NotConnectedError(`Can't reach ${options.endpoint}: ${reason}`, { cause: error });
    }
  };
  return {
    request: async (request, signal) => {
      // A connection each, as the real app does: none is left half-way by a lost reply.
      const socket = connectReq(optionsFor(port));
      try {
        const [reply] = await socket.request([request], signal);
        return reply ?? new Uint8Array();
      } catch (error) {
        if (!(error instanceof NotConnectedError)) throw error;
        const hint = hintFor(error.message, mechanism !== undefined);
        throw new NotConnectedError(error.message, { hint, cause: error });
      } finally {
        socket.close();
      }
    },
    listen: async (port, signal) => listener(await open("SUB", port, signal)),
    publisher: async (port, signal) => publisher(await open("PUB", port, signal)),
  };
}

function hintFor(message: string, secured: boolean): string {
  if (/ wants \w+ security/.test(message)) return LOGIN;
  // With keys that don't fit, nothing can be said that the other side would understand.
  return secured && / handshake/.test(message) ? UNKNOWN : NOBODY;
}

function listener(connection: Connection): Listener {
  const encoder = new TextEncoder();
  return {
    subscribe: (prefix) => connection.subscription("subscribe", encoder.encode(prefix)),
    unsubscribe: (prefix) => connection.subscription("cancel", encoder.encode(prefix)),
    confirmed: (signal) => orAborted(connection.roundTrip(), signal),
    batches: async function* () {
      for await (const batch of connection.incoming()) {
        for (const one of batch) if (one.type === "messages") yield one.messages;
      }
    },
    close: () => connection.close(),
  };
}

/**
 * Waits with the first message until the broker has said what it wants: what is sent before goes
 * nowhere. libzmq's socket says so only when the broker looks at it, which one may do late.
 */
function publisher(connection: Connection): Publisher {
  const wanted = Promise.withResolvers<void>();
  wanted.promise.catch(() => {}); // Nobody may be publishing.
  const read = async () => {
    for await (const batch of connection.incoming()) {
      if (batch.some((one) => one.type === "subscribe")) wanted.resolve();
    }
  };
  const ended = read().then(() => undefined, faultOf).then((fault) => {
    wanted.reject(new NotConnectedError("The broker closed the publishing connection"));
    return fault;
  });
  const { sender } = connection;
  return {
    ended,
    publish: async (messages, signal) => {
      await orAborted(wanted.promise, signal);
      let gathered = 0;
      for (const message of messages) {
        sender.joined(message);
        for (const piece of message) gathered += piece.length;
        // The operating system gets them in pieces, so that broker and we work side by side.
        if (gathered < PIECE) continue;
        gathered = 0;
        await orAborted(sender.flushed(), signal);
        if (sender.failure !== undefined) break;
      }
      try {
        await orAborted(connection.roundTrip(), signal);
      } catch (error) {
        signal.throwIfAborted();
        throw new NotConnectedError("Lost the publishing connection", { cause: error });
      }
    },
    close: () => connection.close(),
  };
}
