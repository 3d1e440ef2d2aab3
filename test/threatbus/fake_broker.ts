/** A broker that does as the test says, on real sockets. */
import { encodeReply, type ManagementReply } from "../../src/threatbus/management.ts";
import { messagesIn } from "../../src/zmtp/assembly.ts";
import { listen } from "../../src/zmtp/listener.ts";
import { bindPub, bindRep } from "../../src/zmtp/mod.ts";

/** What a scripted broker does and has seen. */
export interface FakeBroker {
  readonly port: number;
  /** JSON of all management requests. */
  readonly requests: Record<string, unknown>[];
  /** P2p topics granted, in order. */
  readonly granted: string[];
  /** Messages published to it. */
  readonly published: string[];
  /** Gives another answer than success, if it returns one. */
  answer: (request: Record<string, unknown>) => Uint8Array | undefined;
  /** Sends a message to all that subscribed to a prefix of it. */
  send(...frames: readonly (Uint8Array | string)[]): void;
  /** Resolves when the check holds; looked at whenever something comes in. */
  until(check: () => boolean): Promise<void>;
  close(): Promise<void>;
}

const utf8 = (text: string) => new TextEncoder().encode(text);

/** Starts it on free ports, or with management on this one. */
export function startFakeBroker(port = 0): FakeBroker {
  const endpoint = "tcp://127.0.0.1:0";
  const requests: Record<string, unknown>[] = [];
  const granted: string[] = [];
  const published: string[] = [];
  const waiters: (() => void)[] = [];
  const news = () => {
    for (const wake of waiters.splice(0)) wake();
  };
  const pub = bindPub({ endpoint });
  const sub = listen("SUB", { endpoint }, async (connection) => {
    connection.subscription("subscribe", utf8("stix2/"));
    for await (const batch of connection.incoming()) {
      for (const [frame] of messagesIn(batch)) published.push(new TextDecoder().decode(frame));
      news();
    }
  });
  const rep = bindRep({ endpoint: `tcp://127.0.0.1:${port}` }, ([frame]) => {
    const request = JSON.parse(new TextDecoder().decode(frame));
    requests.push(request);
    const other = broker.answer(request);
    if (other === undefined && request.action === "subscribe") {
      granted.push(String.fromCharCode(97 + granted.length).repeat(32));
    }
    queueMicrotask(news);
    return [other ?? encodeReply(success(request.action === "subscribe"))];
  });
  const success = (isGrant: boolean): Exclude<ManagementReply, { status: "malformed" }> => ({
    status: "success",
    ...(isGrant &&
      { grant: { topic: granted.at(-1)!, pubPort: pub.port, subPort: sub.port } }),
  });
  const broker: FakeBroker = {
    port: rep.port,
    requests,
    granted,
    published,
    answer: () => undefined,
    send: (...frames) => {
      pub.publish(frames.map((frame) => typeof frame === "string" ? utf8(frame) : frame));
    },
    until: async (check) => {
      while (!check()) await new Promise<void>((resolve) => waiters.push(resolve));
    },
    close: async () => {
      await Promise.all([rep.close(), sub.close(), pub.close()]);
    },
  };
  return broker;
}
