/** A broker of bare sockets, so that it is not what is measured. */
import { encodeReply } from "../../src/threatbus/management.ts";
import { bindPub, bindRep } from "../../src/zmtp/mod.ts";
import { listen } from "../../src/zmtp/listener.ts";

/** P2p topic of every subscriber. */
export const TOPIC = "a".repeat(32);

const encoder = new TextEncoder();

/** Starts it on free ports. */
export function startBareBroker() {
  const endpoint = "tcp://127.0.0.1:0";
  let received = 0;
  const pub = bindPub({ endpoint, sendHighWaterMark: 100_000 });
  const sub = listen("SUB", { endpoint }, async (connection) => {
    connection.subscription("subscribe", encoder.encode("stix2/"));
    for await (const batch of connection.incoming()) {
      for (const one of batch) if (one.type === "messages") received += one.messages.length;
    }
  });
  const made = (json: string) => encoder.encode(`${TOPIC}indicator ${json}`);
  const grant = { topic: TOPIC, pubPort: pub.port, subPort: sub.port };
  const rep = bindRep({ endpoint }, () => [encodeReply({ status: "success", grant })]);
  return {
    port: rep.port,
    /** Messages published to it. */
    get received() {
      return received;
    },
    /** Sends an indicator to all. */
    send: (json: string) => pub.publish([made(json)]),
    /** The message for an indicator. */
    made,
    /** Sends such a message to all. */
    sendMade: (message: Uint8Array) => pub.publish([message]),
    /** Resolves when little of what was sent still waits for TCP. */
    drained: () => pub.drained(1000),
    close: () => Promise.all([pub.close(), sub.close(), rep.close()]),
  };
}
