import { NotConnectedError } from "../errors.ts";
import { reasonOf } from "../system_error.ts";
import { messagesIn } from "./assembly.ts";
import type { Connection } from "./connection.ts";
import { dial } from "./connector.ts";
import type { Message } from "./messages.ts";
import type { ConnectOptions } from "./options.ts";

/** Asks one question at a time (RFC 28, the REQ socket type). */
export interface ReqSocket {
  /**
   * Sends a request and resolves with its reply. Connects when needed; a request
   * whose reply does not come closes the connection, so that a late reply is
   * never taken for the next one's.
   *
   * @throws NotConnectedError when the peer can't be reached or goes away first
   * @throws the signal's reason when it aborts first
   */
  request(message: Message, signal: AbortSignal): Promise<Message>;
  close(): void;
}

/** Makes a REQ socket; it connects at the first request. */
export function connectReq(options: ConnectOptions): ReqSocket {
  let current:
    | { readonly connection: Connection; readonly incoming: ReturnType<Connection["incoming"]> }
    | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  const closed = new AbortController();
  const drop = () => {
    current?.connection.close();
    current = undefined;
  };
  const ask = async (message: Message, given: AbortSignal): Promise<Message> => {
    const signal = AbortSignal.any([
      given,
      closed.signal,
      ...(options.signal === undefined ? [] : [options.signal]),
    ]);
    signal.throwIfAborted();
    signal.addEventListener("abort", drop, { once: true });
    try {
      if (current === undefined) {
        const connection = await dial("REQ", options, signal);
        current = { connection, incoming: connection.incoming() };
      }
      const { connection, incoming } = current;
      connection.sender.message([new Uint8Array(), ...message]);
      return await replyOf(incoming, options.endpoint);
    } catch (error) {
      drop();
      signal.throwIfAborted();
      if (error instanceof NotConnectedError) throw error;
      throw new NotConnectedError(`Can't reach ${options.endpoint}: ${reasonOf(error)}`, {
        cause: error,
      });
    } finally {
      signal.removeEventListener("abort", drop);
    }
  };
  return {
    request(message, signal) {
      const mine = turn.then(() => ask(message, signal));
      turn = mine.catch(() => {});
      return mine;
    },
    close() {
      closed.abort(new DOMException("the socket was closed", "AbortError"));
      drop();
    },
  };
}

async function replyOf(
  incoming: ReturnType<Connection["incoming"]>,
  endpoint: string,
): Promise<Message> {
  while (true) {
    const { value, done } = await incoming.next();
    if (done) throw new NotConnectedError(`${endpoint} closed the connection before it replied`);
    for (const message of messagesIn(value)) {
      // Without the empty frame in front it is no reply (RFC 28).
      if (message[0]?.length === 0) return message.slice(1);
    }
  }
}
