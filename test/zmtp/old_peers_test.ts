/** Peers of ZMTP 3.0, and such that send byte by byte: spoken by hand, on a real connection. */
import assert from "node:assert/strict";
import { encodeCommand, encodeMetadata } from "../../src/zmtp/command.ts";
import { encodeFrame } from "../../src/zmtp/frame.ts";
import { encodeGreeting } from "../../src/zmtp/greeting.ts";
import { bindPub, bindRep, connectPub, connectSub, type Message } from "../../src/zmtp/mod.ts";

const LOCAL = "tcp://127.0.0.1:0";
const utf8 = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);

function greeting(minor: number): Uint8Array {
  const bytes = encodeGreeting("NULL", false);
  bytes[11] = minor;
  return bytes;
}
const ready = (type: string) =>
  encodeFrame(encodeCommand("READY", encodeMetadata([["Socket-Type", utf8(type)]])), {
    command: true,
  });

async function send(raw: Deno.Conn, ...parts: readonly Uint8Array[]): Promise<void> {
  for (const part of parts) {
    for (let at = 0; at < part.length;) at += await raw.write(part.subarray(at));
  }
}

/** So many bytes. */
async function receive(raw: Deno.Conn, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count;) at += await raw.read(bytes.subarray(at)) ?? assert.fail("it ended");
  return bytes;
}

/** Greeting and READY of both sides. */
async function shakeHands(raw: Deno.Conn, ours: string, theirs: string): Promise<void> {
  await send(raw, greeting(0), ready(ours));
  assert.equal((await receive(raw, 64))[10], 3);
  await receive(raw, ready(theirs).length);
}

Deno.test("bindPub() takes the subscriptions of a ZMTP 3.0 peer, which are messages", async () => {
  const changes: string[] = [];
  const changed = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const pub = bindPub({
    endpoint: LOCAL,
    onSubscription: (type, topic) => changed[changes.push(`${type} ${text(topic)}`) - 1]!.resolve(),
  });
  const raw = await Deno.connect({ hostname: "127.0.0.1", port: pub.port });
  await shakeHands(raw, "SUB", "PUB");
  await send(raw, encodeFrame(utf8("\x01top")));
  await changed[0]!.promise;
  assert.equal(pub.publish([utf8("topic")]), 1);
  assert.equal(text(await receive(raw, 7)), "\x00\x05topic");
  await send(raw, encodeFrame(utf8("\x00top")));
  await changed[1]!.promise;
  assert.equal(pub.publish([utf8("topic")]), 0);
  assert.deepEqual(changes, ["subscribe top", "cancel top"]);
  raw.close();
  await pub.close();
});

Deno.test("connectSub() subscribes at a ZMTP 3.0 peer by messages, and sends it no PING", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const sub = connectSub({
    endpoint: `tcp://127.0.0.1:${listener.addr.port}`,
    topics: ["top"],
    heartbeat: 5,
  });
  const raw = await listener.accept();
  await shakeHands(raw, "PUB", "SUB");
  assert.equal(text(await receive(raw, 6)), "\x00\x04\x01top");
  await send(raw, encodeFrame(utf8("topic")));
  const messages = sub.messages[Symbol.asyncIterator]();
  assert.deepEqual(((await messages.next()).value as Message).map(text), ["topic"]);
  // Several heartbeats later: what comes next on the connection is no PING.
  await new Promise((resolve) => setTimeout(resolve, 50));
  sub.unsubscribe("top");
  assert.equal(text(await receive(raw, 6)), "\x00\x04\x00top");
  await sub.close();
  raw.close();
  listener.close();
});

Deno.test("connectPub() gets all across to a ZMTP 3.0 peer, which knows no PING", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const pub = connectPub({ endpoint: `tcp://127.0.0.1:${listener.addr.port}` });
  const raw = await listener.accept();
  await shakeHands(raw, "SUB", "PUB");
  await send(raw, encodeFrame(utf8("\x01")));
  await pub.publish([utf8("one"), utf8("two")]);
  await pub.flushed();
  assert.equal(text(await receive(raw, 10)), "\x01\x03one\x00\x03two");
  await pub.close(0);
  raw.close();
  listener.close();
});

Deno.test("bindRep() answers a peer that sends its greeting, READY and request byte by byte", async () => {
  const rep = bindRep({ endpoint: LOCAL }, (request) => request);
  const raw = await Deno.connect({ hostname: "127.0.0.1", port: rep.port });
  (raw as Deno.TcpConn).setNoDelay(true);
  const request = [encodeFrame(new Uint8Array(), { more: true }), encodeFrame(utf8("hi"))];
  for (const part of [greeting(1), ready("REQ"), ...request]) {
    for (const byte of part) {
      await send(raw, Uint8Array.of(byte));
      // A turn for the other side, so that it reads what there is.
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
  await receive(raw, 64 + ready("REP").length);
  assert.equal(text(await receive(raw, 6)), "\x01\x00\x00\x02hi");
  raw.close();
  await rep.close();
});
