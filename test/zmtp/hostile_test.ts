/** Peers that we did not write: they speak bytes, on a real connection. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeCommand, encodeMetadata } from "../../src/zmtp/command.ts";
import { openConnection } from "../../src/zmtp/connection.ts";
import { encodeFrame } from "../../src/zmtp/frame.ts";
import { encodeGreeting } from "../../src/zmtp/greeting.ts";
import {
  bindPub,
  bindRep,
  bindSub,
  connectPub,
  connectReq,
  connectSub,
} from "../../src/zmtp/mod.ts";

import { nullMechanism } from "../../src/zmtp/security/null.ts";

const LOCAL = "tcp://127.0.0.1:0";
const utf8 = (text: string) => new TextEncoder().encode(text);
const never = new AbortController().signal;

const ready = (type: string) =>
  encodeFrame(encodeCommand("READY", encodeMetadata([["Socket-Type", utf8(type)]])), {
    command: true,
  });

/** Greeting, READY and whatever follows in one write; what comes back is read until the end. */
async function speak(port: number, type: string, ...then: readonly Uint8Array[]): Promise<void> {
  const raw = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    const all = new Blob([encodeGreeting("NULL", false), ready(type), ...then] as BlobPart[]);
    const bytes = new Uint8Array(await all.arrayBuffer());
    for (let at = 0; at < bytes.length;) at += await raw.write(bytes.subarray(at));
    await raw.closeWrite();
    while (await raw.read(new Uint8Array(65_536)) !== null);
  } catch {
    // The other side has had enough: as it should.
  } finally {
    raw.close();
  }
}

Deno.test("bindRep() answers on, whatever bytes a peer sends after its READY", async () => {
  const rep = bindRep({ endpoint: LOCAL, maxMessageSize: 10_000 }, (request) => request);
  const good = connectReq({ endpoint: rep.endpoint });
  const frame = fc.tuple(
    fc.uint8Array({ maxLength: 300 }),
    fc.record({ more: fc.boolean(), command: fc.boolean() }),
  ).map(([body, flags]) => encodeFrame(body, flags));
  const anything = fc.array(fc.oneof(frame, fc.uint8Array({ maxLength: 40 })), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(anything, async (parts) => {
      await speak(rep.port, "REQ", ...parts);
      assert.equal((await good.request([utf8("x")], never)).length, 1);
    }),
    { numRuns: 100 },
  );
  good.close();
  await rep.close();
});

Deno.test("bindRep() takes a long request that comes right behind READY", async () => {
  let size = 0;
  const rep = bindRep({ endpoint: LOCAL }, (request) => {
    size = request[0]!.length;
    return request;
  });
  await speak(
    rep.port,
    "REQ",
    encodeFrame(new Uint8Array(0), { more: true }),
    encodeFrame(new Uint8Array(1_000_000)),
  );
  assert.equal(size, 1_000_000);
  await rep.close();
});

Deno.test("a message of endless empty frames costs its connection", async () => {
  const gone = Promise.withResolvers<string | undefined>();
  const sub = bindSub({
    endpoint: LOCAL,
    topics: [""],
    maxMessageSize: 10_000,
    onEvent: (event) => {
      if (event.type === "disconnected") gone.resolve(event.reason?.message);
    },
  });
  const empty = encodeFrame(new Uint8Array(0), { more: true });
  const speaking = speak(sub.port, "PUB", ...Array.from({ length: 5000 }, () => empty));
  assert.match(await gone.promise ?? "", /longer than the 10000 bytes/);
  await speaking;
  await sub.close();
});

Deno.test("a long command before READY costs its connection, whatever messages may weigh", async () => {
  const failed = Promise.withResolvers<string>();
  const rep = bindRep({
    endpoint: LOCAL,
    onEvent: (event) => {
      if (event.type === "failed") failed.resolve(event.reason.message);
    },
  }, (request) => request);
  const raw = await Deno.connect({ hostname: "127.0.0.1", port: rep.port });
  await raw.write(encodeGreeting("NULL", false));
  await raw.write(Uint8Array.of(6, 0, 0, 0, 0, 0, 0x10, 0, 0));
  assert.match(await failed.promise, /longer than the 65536 allowed/);
  raw.close();
  await rep.close();
});

Deno.test("bindPub() cuts a peer off that asks for more topics than allowed, and keeps others", async () => {
  const gone = Promise.withResolvers<string | undefined>();
  const pub = bindPub({
    endpoint: LOCAL,
    maxTopics: 10,
    onEvent: (event) => {
      if (event.type === "disconnected") gone.resolve(event.reason?.message);
    },
  });
  const good = connectSub({ endpoint: pub.endpoint, topics: ["a", "b"] });
  await good.ready();
  const topics = Array.from(
    { length: 11 },
    (_, n) => encodeFrame(encodeCommand("SUBSCRIBE", utf8(`topic ${n}`)), { command: true }),
  );
  await speak(pub.port, "SUB", ...topics);
  assert.equal(await gone.promise, "More than 10 topics");
  assert.equal(pub.publish([utf8("b")]), 1);
  await good.close();
  await pub.close();
});

Deno.test("connectPub() loses no message that overtakes the peer's second subscription", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const pub = connectPub({ endpoint: `tcp://127.0.0.1:${port}` });
  const raw = await listener.accept();
  const subscribe = encodeFrame(encodeCommand("SUBSCRIBE", utf8("one")), { command: true });
  await raw.write(encodeGreeting("NULL", false));
  await raw.write(ready("SUB"));
  await raw.write(subscribe);
  await pub.publish([utf8("two")]);
  const closing = pub.close();
  await raw.closeWrite();
  const all = new Uint8Array(await new Response(raw.readable).arrayBuffer());
  assert.ok(new TextDecoder("latin1").decode(all).endsWith("\x00\x03two"));
  await closing;
  listener.close();
});

Deno.test("close() lets all that was published arrive, also when the peer's words were not read", async () => {
  for (let round = 0; round < 20; round++) {
    const sub = bindSub({ endpoint: LOCAL, topics: [""] });
    const pub = connectPub({ endpoint: sub.endpoint });
    const count = 2000;
    for (let n = 0; n < count; n++) await pub.publish([new Uint8Array(1000).fill(n & 0xff)]);
    // Unread input at the publisher: closing at once would reset the connection.
    for (let n = 0; n < 50; n++) sub.subscribe(`topic ${n}`);
    const closing = pub.close(10_000);
    let received = 0;
    for await (const [body] of sub.messages) {
      assert.equal(body![0], received & 0xff);
      if (++received === count) break;
    }
    await closing;
    await sub.close();
  }
});

Deno.test("a peer that sends PINGs without end and reads nothing costs little memory", async () => {
  const ping = encodeFrame(encodeCommand("PING", new Uint8Array(18)), { command: true });
  const flood = Array.from({ length: 50_000 }, () => ping);
  const parts = [encodeGreeting("NULL", false), ready("SUB"), ...flood];
  let unread = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
  let writes = 0;
  const connection = await openConnection({
    read(into) {
      if (unread.length === 0) return Promise.resolve(null);
      const count = Math.min(into.length, unread.length);
      into.set(unread.subarray(0, count));
      unread = unread.subarray(count);
      return Promise.resolve(count);
    },
    // The greeting and READY pass, then nobody reads.
    write: (bytes) => ++writes <= 2 ? Promise.resolve(bytes.length) : new Promise(() => {}),
    closeWrite: () => Promise.resolve(),
    close: () => {},
  }, {
    socketType: "PUB",
    mechanism: nullMechanism,
    maxMessageSize: 10_000,
    handshakeTimeout: 10_000,
    heartbeat: 0,
  });
  assert.deepEqual(await Array.fromAsync(connection.incoming()), []);
  assert.equal(unread.length, 0);
  assert.equal(connection.sender.pendingCommands, 1000);
});
