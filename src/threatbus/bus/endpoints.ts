/** The three sockets of a bus, joined to its inside. */
import { messagesIn } from "../../zmtp/assembly.ts";
import { ZmtpError } from "../../zmtp/error.ts";
import { listen } from "../../zmtp/listener.ts";
import { bindRep, type Listener, type SocketOptions } from "../../zmtp/mod.ts";
import { LONGEST_MESSAGE } from "../messages.ts";
import { PUBLISH_TOPICS } from "../topics.ts";
import type { Broker } from "./broker.ts";
import type { Peer } from "./connections.ts";

/** Messages that wait for one connection before the sender has to wait. */
const HIGH_WATER = 2000;
/** Most topics that one connection may ask for; more costs it the connection. */
const MAX_TOPICS = 10_000;
const WANTED = ["stix2/", PUBLISH_TOPICS.snapshotenvelope].map((topic) =>
  new TextEncoder().encode(topic)
);

/** Longest message of a subscriber, which has to say nothing but SUBSCRIBE and CANCEL. */
const LONGEST_SUBSCRIPTION = 1 << 16;

/** Management: REP. */
export function serveManage(options: SocketOptions, broker: Broker): Listener {
  return bindRep(options, (request) => [broker.manage(request)]);
}

/** Towards subscribers: PUB. What they subscribe to leads each subscriber's messages to its connection. */
export function servePub(options: SocketOptions, broker: Broker): Listener {
  const bounded = { ...options, maxMessageSize: LONGEST_SUBSCRIPTION };
  return listen("PUB", bounded, async (connection) => {
    const { sender } = connection;
    const peer: Peer = {
      send: (frame) => {
        sender.message([frame]);
        return sender.pending >= HIGH_WATER ? sender.drained(HIGH_WATER / 2) : undefined;
      },
    };
    let topics = 0;
    try {
      for await (const incoming of connection.incoming()) {
        for (const one of incoming) {
          if (one.type === "messages") continue;
          if (one.type === "cancel") {
            // What was never asked for makes no room for more.
            if (broker.detach(peer, one.topic)) topics--;
            continue;
          }
          if (++topics > MAX_TOPICS) throw new ZmtpError(`More than ${MAX_TOPICS} topics`);
          broker.attach(peer, one.topic);
        }
      }
    } finally {
      broker.detach(peer);
    }
  });
}

/**
 * From publishers: SUB. A publisher is not read from while subscribers are behind. Its PING is
 * answered when all that it sent before is taken in and kept.
 */
export function serveSub(options: SocketOptions, broker: Broker): Listener {
  const skipping = { ...options, skipAbove: LONGEST_MESSAGE };
  return listen("SUB", skipping, async (connection) => {
    for (const topic of WANTED) connection.subscription("subscribe", topic);
    for await (const incoming of connection.incoming(broker.settle)) {
      let taken = 0;
      for (const message of messagesIn(incoming)) {
        // Now and then, as a batch may be larger than a subscriber's queue.
        if (taken++ % 64 === 0) await broker.relief();
        broker.accept(message);
      }
    }
  });
}
