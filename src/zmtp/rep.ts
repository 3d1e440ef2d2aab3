import { messagesIn } from "./assembly.ts";
import { listen, type Listener } from "./listener.ts";
import type { Message } from "./messages.ts";
import type { SocketOptions } from "./options.ts";

/** What answers: gets the request's frames, gives the reply's. Must not throw. */
export type Answer = (request: Message, peer: string) => Message | Promise<Message>;

/**
 * Binds a REP socket (RFC 28): each peer's requests are answered one after the
 * other, different peers don't wait for each other. A message without the empty
 * delimiter frame is ignored, as libzmq does.
 *
 * @throws UsageError when the endpoint can't be bound
 */
export function bindRep(options: SocketOptions, answer: Answer): Listener {
  return listen("REP", options, async (connection, peer) => {
    for await (const incoming of connection.incoming()) {
      for (const message of messagesIn(incoming)) {
        const delimiter = message.findIndex((frame) => frame.length === 0);
        if (delimiter < 0) continue;
        const envelope = message.slice(0, delimiter + 1);
        const reply = await answer(message.slice(delimiter + 1), peer);
        connection.sender.message([...envelope, ...reply]);
      }
      // A peer that asks without reading is held back by TCP.
      await connection.sender.drained(1000);
    }
  });
}
