import assert from "node:assert/strict";
import {
  bindPub,
  bindRep,
  bindSub,
  type ConnectionEvent,
  connectPub,
  connectReq,
  connectSub,
  curveClient,
  curveKeyPair,
  curveServer,
  type Mechanism,
  type Message,
  plainClient,
  plainServer,
} from "../../src/zmtp/mod.ts";
import { NotConnectedError } from "../../src/errors.ts";
import { freePorts } from "../free_ports.ts";

const text = (message: Message) => message.map((frame) => new TextDecoder().decode(frame));
const bytes = (...frames: string[]) => frames.map((frame) => new TextEncoder().encode(frame));
const never = new AbortController().signal;

async function take(messages: AsyncIterable<Message>, count: number): Promise<string[][]> {
  const taken: string[][] = [];
  for await (const message of messages) if (taken.push(text(message)) === count) break;
  return taken;
}

const keys = { server: curveKeyPair(), client: curveKeyPair() };
const security: Readonly<Record<string, { server?: Mechanism; client?: Mechanism }>> = {
  NULL: {},
  PLAIN: { server: plainServer({ ada: "s3cret" }), client: plainClient("ada", "s3cret") },
  CURVE: {
    server: curveServer(keys.server, (key) => key.every((b, i) => b === keys.client.publicKey[i])),
    client: curveClient({ ...keys.client, serverKey: keys.server.publicKey }),
  },
};

for (const [name, { server, client }] of Object.entries(security)) {
  const bind = { endpoint: "tcp://127.0.0.1:0", ...(server ? { mechanism: server } : {}) };
  const at = (endpoint: string) => ({ endpoint, ...(client ? { mechanism: client } : {}) });

  Deno.test(`connectSub() receives from bindPub() what it subscribed to, with ${name} security`, async () => {
    const joined = Promise.withResolvers<void>();
    const pub = bindPub({ ...bind, onSubscription: () => joined.resolve() });
    const sub = connectSub({ ...at(pub.endpoint), topics: ["a"] });
    await sub.ready();
    await joined.promise;
    pub.publish(bytes("b", "not wanted"));
    pub.publish(bytes("a", "x".repeat(300)));
    pub.publish(bytes("ab"));
    assert.deepEqual(await take(sub.messages, 2), [["a", "x".repeat(300)], ["ab"]]);
    await sub.close();
    await pub.close();
  });

  Deno.test(`connectReq() gets replies from bindRep(), with ${name} security`, async () => {
    const rep = bindRep(bind, (request) => [...request, ...bytes("!")]);
    const req = connectReq(at(rep.endpoint));
    assert.deepEqual(text(await req.request(bytes("a", "b"), never)), ["a", "b", "!"]);
    assert.deepEqual(text(await req.request(bytes("c"), never)), ["c", "!"]);
    req.close();
    await rep.close();
  });
}

Deno.test("connectPub() loses nothing to a slow bindSub(): TCP holds it back", async () => {
  const sub = bindSub({ endpoint: "tcp://127.0.0.1:0", topics: [""], receiveHighWaterMark: 10 });
  const pub = connectPub({ endpoint: sub.endpoint, sendHighWaterMark: 10 });
  const count = 20_000;
  const sent = (async () => {
    for (let index = 0; index < count; index++) await pub.publish(bytes(String(index)));
    await pub.flushed();
  })();
  const received = await take(sub.messages, count);
  await sent;
  assert.deepEqual(
    received.map(([number]) => Number(number)),
    Array.from({ length: count }, (_, i) => i),
  );
  await pub.close();
  await sub.close();
});

Deno.test("bindPub() drops for a subscriber that does not read, and counts, while others get all", async () => {
  let joined = 0;
  const both = Promise.withResolvers<void>();
  const pub = bindPub({
    endpoint: "tcp://127.0.0.1:0",
    sendHighWaterMark: 100,
    onSubscription: () => ++joined === 2 && both.resolve(),
  });
  const slow = connectSub({ endpoint: pub.endpoint, topics: [""], receiveHighWaterMark: 1 });
  const quick = connectSub({ endpoint: pub.endpoint, topics: [""], receiveHighWaterMark: 1e6 });
  await both.promise;
  const body = new Uint8Array(100_000);
  let received = 0;
  const receiving = (async () => {
    for await (const _ of quick.messages) if (++received === 400) break;
  })();
  for (let index = 0; index < 400; index++) {
    // The quick one keeps up (what is written counts until the write is over, so well below the
    // mark), the slow one's queue fills for good.
    while (index - received > 20) await new Promise((resolve) => setTimeout(resolve));
    pub.publish([body]);
  }
  await receiving;
  assert.ok(pub.dropped > 0);
  await Promise.all([slow.close(), quick.close()]);
  await pub.close();
});

Deno.test("connectSub() comes back with its subscriptions when the publisher was away", async () => {
  const first = bindPub({ endpoint: `tcp://127.0.0.1:${freePorts(1)[0]}` });
  const sub = connectSub({
    endpoint: first.endpoint,
    topics: ["t"],
    reconnect: { initial: 1, maximum: 5 },
  });
  await sub.ready();
  await first.close();
  const joined = Promise.withResolvers<void>();
  const second = bindPub({ endpoint: first.endpoint, onSubscription: () => joined.resolve() });
  await joined.promise;
  second.publish(bytes("t1"));
  assert.deepEqual(await take(sub.messages, 1), [["t1"]]);
  await sub.close();
  await second.close();
});

Deno.test("request() rejects when nobody listens, and when its signal aborts", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const silent = connectReq({ endpoint: `tcp://127.0.0.1:${port}` });
  const stop = new AbortController();
  const asked = silent.request(bytes("x"), stop.signal);
  const peer = await listener.accept();
  stop.abort(new Error("enough"));
  await assert.rejects(asked, /enough/);
  peer.close();
  listener.close();
  await assert.rejects(silent.request(bytes("x"), never), NotConnectedError);
  silent.close();
});

Deno.test("a peer that sends garbage or stalls costs its own connection alone", async () => {
  const events: string[] = [];
  const reasons: string[] = [];
  const options = {
    endpoint: "tcp://127.0.0.1:0",
    maxMessageSize: 1000,
    onEvent(event: ConnectionEvent) {
      events.push(event.type);
      if (event.type === "disconnected" && event.reason) reasons.push(event.reason.message);
    },
  };
  const echo = (request: Message) => request;
  // It alone is impatient: on a slow machine an honest handshake takes longer, too.
  const impatient = bindRep({ ...options, handshakeTimeout: 50 }, echo);
  for (const garbage of ["GET / HTTP/1.1\r\n\r\n", ""]) {
    const raw = await Deno.connect({ hostname: "127.0.0.1", port: impatient.port });
    await raw.write(new TextEncoder().encode(garbage));
    // Reads the greeting, then the end that the listener makes.
    while (await raw.read(new Uint8Array(100)) !== null);
    raw.close();
  }
  await impatient.close();
  const rep = bindRep(options, echo);
  const huge = connectReq({ endpoint: rep.endpoint });
  await assert.rejects(huge.request([new Uint8Array(2000)], never), NotConnectedError);
  huge.close();
  const good = connectReq({ endpoint: rep.endpoint });
  assert.deepEqual(text(await good.request(bytes("still here"), never)), ["still here"]);
  good.close();
  await rep.close();
  assert.equal(events.filter((type) => type === "failed").length, 2);
  assert.deepEqual(reasons, ["A message is longer than the 1000 bytes allowed"]);
});

Deno.test("wrong credentials are refused with a reason", async () => {
  for (
    const [server, client] of [
      [plainServer({ ada: "s3cret" }), plainClient("ada", "wrong")],
      [
        curveServer(keys.server, () => false),
        curveClient({ ...keys.client, serverKey: keys.server.publicKey }),
      ],
      [curveServer(keys.server), curveClient({ ...keys.client, serverKey: keys.client.publicKey })],
    ] as const
  ) {
    const rep = bindRep({ endpoint: "tcp://127.0.0.1:0", mechanism: server }, (request) => request);
    const req = connectReq({ endpoint: rep.endpoint, mechanism: client });
    await assert.rejects(req.request(bytes("x"), never), NotConnectedError);
    req.close();
    await rep.close();
  }
});

Deno.test("heartbeats keep an idle connection and end a dead one", async () => {
  const ended = Promise.withResolvers<void>();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const sub = connectSub({
    endpoint: `tcp://127.0.0.1:${listener.addr.port}`,
    heartbeat: 5,
    onEvent: (event) => event.type === "disconnected" && ended.resolve(),
  });
  const peer = await listener.accept();
  // A whole handshake by hand, then silence.
  const greeting = new Uint8Array(64);
  greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1, 0x4e, 0x55, 0x4c, 0x4c]);
  await peer.write(greeting);
  const ready = "\x05READY\x0bSocket-Type\0\0\0\x03PUB";
  await peer.write(new Uint8Array([4, ready.length, ...new TextEncoder().encode(ready)]));
  let heard = "";
  for await (const part of peer.readable.pipeThrough(new TextDecoderStream("latin1"))) {
    heard += part;
  }
  await ended.promise;
  // No time to live: a peer that heard nothing else for so long would end the connection.
  assert.ok(heard.includes("\x04\x07\x04PING\0\0"));
  await sub.close();
  listener.close();
});
