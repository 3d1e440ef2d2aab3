import assert from "node:assert/strict";
import fc from "fast-check";
import { type Broker, createBroker } from "../../../src/threatbus/bus/broker.ts";
import type { Peer } from "../../../src/threatbus/bus/connections.ts";
import { OVERHEAD } from "../../../src/threatbus/bus/outbox.ts";
import { flushLog, setLog } from "../../../src/log.ts";
import { openStore } from "../../../src/threatbus/bus/store.ts";
import { decodeReply, encodeRequest } from "../../../src/threatbus/management.ts";
import { canonicalStix } from "../../../src/stix/canonical.ts";
import { P2P_LENGTH } from "../../../src/threatbus/topics.ts";
import { encodeEnvelope } from "../envelopes.ts";
import { example, managementExchanges, publications } from "../recordings.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

interface Bench {
  readonly broker: Broker;
  readonly clock: { now: number };
}

/** A broker whose subscribers' queues hold so many indicators. */
function withBroker(
  limit = 1000,
  store = openStore(":memory:"),
  bounds: { readonly totalBytes?: number; readonly subscribers?: number } = {},
): Bench {
  const clock = { now: Date.parse("2026-11-21T12:00:00Z") };
  const broker = createBroker({
    store,
    ports: { pub: 13371, sub: 13372 },
    limits: {
      bytes: limit * queuedSize(indicator(10)),
      stallMs: 1000,
      totalBytes: 1 << 26,
      subscribers: 5000,
      ...bounds,
    },
    expiryMs: 30_000,
    now: () => clock.now,
  });
  return { broker, clock };
}

/** Subscribes and connects; returns the p2p topic and what arrives without it. */
function join(broker: Broker, topics: string[], snapshotDays = 0, connect = true) {
  const request = encodeRequest({ action: "subscribe", topics, snapshotDays });
  const reply = decodeReply(broker.manage([request]));
  assert.ok(reply.status === "success" && reply.grant);
  const { topic } = reply.grant;
  const received: string[] = [];
  const peer: Peer = { send: (frame) => void received.push(text(frame).replace(topic, "")) };
  const attach = () => broker.attach(peer, utf8(topic));
  if (connect) attach();
  return { topic, received, attach, peer };
}

const indicator = (n: number, more: Record<string, unknown> = {}) =>
  JSON.stringify({
    type: "indicator",
    spec_version: "2.1",
    id: `indicator--00000000-0000-4000-8000-${String(n).padStart(12, "0")}`,
    created: "2026-11-21T10:00:00.000Z",
    modified: "2026-11-21T10:00:00.000Z",
    pattern: `[ipv4-addr:value = '6.6.6.${n % 256}']`,
    pattern_type: "stix",
    valid_from: "2026-11-21T10:00:00Z",
    ...more,
  });
/** Bytes that a message takes in a queue. */
const queuedSize = (json: string) => {
  const canonical = canonicalStix(json, "bus");
  assert.ok(canonical.ok);
  return P2P_LENGTH + `indicator ${canonical.value.text}`.length + OVERHEAD;
};
const publish = (broker: Broker, json: string, topic = "stix2/indicator") =>
  broker.accept([utf8(`${topic} ${json}`)]);
const ids = (received: string[]) =>
  received.map((message) => Number(/(\d{12})"/.exec(message)![1]));

Deno.test("Broker.manage() answers every recorded request as the real broker does", () => {
  const { broker } = withBroker();
  const granted = new Map<string, string>();
  const withOurs = (json: string) =>
    json.replace(/[a-z]{32}/g, (recorded) => granted.get(recorded) ?? recorded);
  for (const { title, request, reply } of managementExchanges()) {
    const isText = text(request).startsWith("{");
    const ours = text(broker.manage([isText ? utf8(withOurs(text(request))) : request]));
    const recorded = /"topic": "([a-z]{32})"/.exec(reply)?.[1];
    if (recorded) granted.set(recorded, /"topic": "([a-z]{32})"/.exec(ours)?.[1] ?? "none");
    assert.equal(ours, withOurs(reply), title);
  }
  assert.equal(broker.stats().subscribers, 0, "the recording cleans up after itself");
});

Deno.test("Broker.manage() answers a two-frame request with an error and lives on", () => {
  const { broker } = withBroker();
  const two = [utf8('{"action": "heartbeat", "topic": "x"}'), utf8("2nd")];
  assert.equal(text(broker.manage(two)), '{"status": "error"}');
  assert.equal(text(broker.manage([])), '{"status": "error"}');
  join(broker, ["stix2"]);
});

Deno.test("Broker.manage() leaves nothing behind after a failed subscribe", () => {
  const { broker } = withBroker();
  broker.manage([utf8('{"action": "subscribe", "topic": ["stix2/indicator", 3]}')]);
  assert.equal(broker.stats().subscribers, 0);
});

Deno.test("Broker.manage() keeps no topics without bound, and writes no long ones to the log", async () => {
  const { broker } = withBroker();
  const ask = (topic: string) =>
    text(broker.manage([utf8(JSON.stringify({ action: "subscribe", topic, snapshot: 0 }))]));
  assert.equal(ask("x".repeat(70_000)), '{"status": "error"}');
  const said: string[] = [];
  setLog({
    levels: new Set(["info"]),
    write: ({ properties }) => said.push(JSON.stringify(properties)),
  });
  assert.match(ask("x".repeat(60_000)), /success/);
  await flushLog();
  setLog(undefined);
  assert.equal(said.length, 1);
  assert.ok(said[0]!.length < 500, `${said[0]!.length} characters`);
});

Deno.test("Broker.manage() never throws", () => {
  const { broker } = withBroker();
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 3 }), (frames) => {
    JSON.parse(text(broker.manage(frames)));
  }));
});

Deno.test("Broker delivers what the real broker delivered, byte for byte, overlapping topics once", () => {
  const { broker } = withBroker();
  const people: Record<string, ReturnType<typeof join>> = {
    I: join(broker, ["stix2/indicator"]),
    S: join(broker, ["stix2/sighting"]),
    A: join(broker, ["stix2"]),
    L: join(broker, ["stix2/indicator", "stix2/sighting"]),
    O: join(broker, ["stix2", "stix2/indicator"]),
  };
  const { topics, all } = publications();
  const now = (message: string) =>
    message.replace(/"(created|modified)": "2026-11-21T1[12]:(51|00):[^"]*"/g, '"$1": "NOW"');
  for (const { title, message, received } of all) {
    // The real broker's stale variable publishes an old message again; ours does not.
    if (title.includes("PREVIOUS")) continue;
    for (const person of Object.values(people)) person.received.length = 0;
    broker.accept([message]);
    for (const [name, frames] of received) {
      const expected = frames.map((frame) => text(frame).replace(topics.get(name)!, ""));
      const once = name === "O" ? expected.slice(0, 1) : expected;
      assert.deepEqual(people[name]!.received.map(now), once.map(now), `${title} [${name}]`);
    }
  }
});

Deno.test("Broker.accept() counts what it refuses by reason", () => {
  const { broker } = withBroker();
  broker.accept([utf8("a"), utf8("b")]);
  broker.accept([utf8("stix2/indicator")]);
  broker.accept([new Uint8Array([0xff, 0x20, 0x7b, 0x7d])]);
  publish(broker, '{"type": "malware", "spec_version": "2.1"}');
  publish(broker, indicator(1, { pattern: undefined }));
  publish(broker, "{}", "threatbus/snapshotenvelope");
  publish(broker, "{}", "threatbus/snapshotenvelopeX");
  broker.accept([new Uint8Array(100_000_000)]);
  assert.deepEqual(broker.stats().refused, {
    "not-one-frame": 1,
    "wrong-topic": 2,
    "not-utf-8": 1,
    "unsupported-type": 1,
    "no-pattern": 1,
    "bad-snapshot-envelope": 1,
    "too-large": 1,
  });
});

Deno.test("Broker keeps messages for a subscriber whose SUB socket is not there yet", () => {
  const { broker } = withBroker();
  const early = join(broker, ["stix2/indicator"], 0, false);
  publish(broker, indicator(1));
  publish(broker, indicator(2));
  early.attach();
  publish(broker, indicator(3));
  assert.deepEqual(ids(early.received), [1, 2, 3]);
});

Deno.test("Broker lets short prefixes listen in, without taking or doubling messages", () => {
  const { broker } = withBroker();
  const heard: string[] = [];
  const listener: Peer = { send: (frame) => void heard.push(text(frame).slice(32)) };
  broker.attach(listener, new Uint8Array());
  const person = join(broker, ["stix2/indicator"], 0, false);
  publish(broker, indicator(1));
  assert.deepEqual([ids(heard), person.received.length], [[1], 0]);
  // The listener becomes the subscriber's own connection: it has heard the first already.
  broker.attach(listener, utf8(person.topic));
  publish(broker, indicator(2));
  assert.deepEqual(ids(heard), [1, 2]);
  broker.detach(listener, new Uint8Array());
  publish(broker, indicator(3));
  assert.deepEqual(ids(heard), [1, 2, 3]);
});

Deno.test("Broker answers a snapshot from its store, with the newest version once", () => {
  const { broker, clock } = withBroker(100_000);
  const days = 86_400_000;
  publish(broker, indicator(1));
  clock.now += 2 * days;
  for (let n = 2; n < 1502; n++) publish(broker, indicator(n));
  publish(broker, indicator(5, { name: "newer" }));
  const late = join(broker, ["stix2/indicator"], 1);
  const received = ids(late.received);
  assert.equal(received.length, 500, "the first page comes at once");
  return new Promise<void>((resolve) => setTimeout(resolve)).then(() => {
    const all = ids(late.received);
    assert.equal(all.length, 1500);
    assert.equal(new Set(all).size, 1500);
    assert.ok(!all.includes(1));
    assert.match(late.received.at(-1)!, /newer/);
  });
});

Deno.test("Broker asks other apps for a snapshot and hands envelopes to the requester alone", () => {
  const { broker } = withBroker();
  const provider = join(broker, ["stix2/sighting"]);
  const bystander = join(broker, ["stix2"]);
  const requester = join(broker, ["stix2/indicator", "stix2/sighting"], 30);
  const requests = provider.received.map((message) =>
    JSON.parse(message.slice(message.indexOf(" ")))
  );
  assert.deepEqual(requests.map((request) => [request.snapshot_type, request.snapshot]), [
    [1, 2_592_000],
    [2, 2_592_000],
  ]);
  assert.notEqual(requests[0].snapshot_id, requests[1].snapshot_id);
  assert.equal(bystander.received.length, 2);
  assert.equal(requester.received.length, 0);
  const envelope = (snapshotId: string) =>
    encodeEnvelope({ snapshotType: "indicator", snapshotId, body: indicator(7) });
  broker.accept([envelope(requests[0].snapshot_id)]);
  broker.accept([envelope("00000000-0000-4000-8000-000000000000")]);
  assert.deepEqual(ids(requester.received), [7]);
  assert.equal(bystander.received.length, 2);
  assert.equal(broker.stats().refused["unknown-snapshot"], 1);
  broker.manage([encodeRequest({ action: "unsubscribe", topic: requester.topic })]);
  broker.accept([envelope(requests[0].snapshot_id)]);
  assert.equal(broker.stats().refused["unknown-snapshot"], 2);
});

Deno.test("Broker gives topic stix2 two requests of one id, stix2/ind none", () => {
  const { broker } = withBroker();
  const provider = join(broker, ["stix2/x"]);
  join(broker, ["stix2"], 1);
  const requests = provider.received.map((message) =>
    JSON.parse(message.slice(message.indexOf(" ")))
  );
  assert.deepEqual(requests.map((request) => request.snapshot_type), [1, 2]);
  assert.equal(requests[0].snapshot_id, requests[1].snapshot_id);
  join(broker, ["stix2/ind"], 1);
  assert.equal(provider.received.length, 2);
});

Deno.test("Broker writes the sighting in an envelope as the recording shows", () => {
  const { broker } = withBroker();
  const provider = join(broker, ["stix2/x"]);
  const requester = join(broker, ["stix2/sighting"], 1);
  const id =
    JSON.parse(provider.received[0]!.slice(provider.received[0]!.indexOf(" "))).snapshot_id;
  const recorded = text(example("pub-snapshotenvelope-sighting"));
  broker.accept([utf8(recorded.replace(/"snapshot_id": "[^"]*"/, `"snapshot_id": "${id}"`))]);
  assert.deepEqual(requester.received, [text(example("sub-sighting")).slice(32)]);
});

Deno.test("Broker forgets subscribers without heartbeat and connection, and only them", () => {
  const { broker, clock } = withBroker();
  const dead = join(broker, ["stix2"], 0, false);
  const beating = join(broker, ["stix2"], 0, false);
  const connected = join(broker, ["stix2"]);
  clock.now += 31_000;
  const beat = (topic: string) =>
    text(broker.manage([encodeRequest({ action: "heartbeat", topic })]));
  beat(beating.topic);
  broker.expire();
  assert.equal(beat(dead.topic), '{"status": "error"}');
  assert.equal(beat(beating.topic), '{"status": "success"}');
  assert.equal(beat(connected.topic), '{"status": "success"}');
  broker.detach(connected.peer);
  clock.now += 31_000;
  broker.expire();
  assert.equal(broker.stats().subscribers, 0);
});

Deno.test("Broker drops the oldest messages of a subscriber that does not read, and counts them", () => {
  const { broker } = withBroker(10);
  const absent = join(broker, ["stix2"], 0, false);
  for (let n = 0; n < 25; n++) publish(broker, indicator(n));
  assert.equal(broker.stats().dropped, 15);
  assert.equal(broker.relief(), undefined, "nobody waits for one who is not there");
  absent.attach();
  assert.deepEqual(ids(absent.received), [15, 16, 17, 18, 19, 20, 21, 22, 23, 24]);
});

Deno.test("Broker bounds what waits for all subscribers together, at the cost of the fullest", () => {
  const { broker } = withBroker(1000, undefined, { totalBytes: 60_000 });
  const message = indicator(0).length;
  const absent = Array.from({ length: 4 }, () => join(broker, ["stix2/indicator"], 0, false));
  for (let n = 0; n < 30; n++) publish(broker, indicator(n));
  // One who comes late has the least, and loses nothing.
  const late = join(broker, ["stix2/indicator"], 0, false);
  const last = Array.from({ length: 20 }, (_, n) => n + 30);
  for (const n of last) publish(broker, indicator(n));
  late.attach();
  assert.deepEqual(ids(late.received), last);
  for (const { attach } of absent) attach();
  const held = absent.map(({ received }) => received.length);
  assert.ok(held.every((count) => count >= 20), String(held));
  assert.ok((held.reduce((a, b) => a + b) + 20) * message < 60_000, String(held));
  const dropped = 4 * 50 - held.reduce((a, b) => a + b);
  assert.ok(dropped > 0);
  assert.equal(broker.stats().dropped, dropped);
  assert.deepEqual(ids(absent[0]!.received).at(-1), 49, "the newest are kept");
});

Deno.test("Broker refuses more subscribers than it may have, until one leaves", () => {
  const { broker } = withBroker(10, undefined, { subscribers: 2 });
  const first = join(broker, ["stix2"]);
  join(broker, ["stix2"]);
  const ask = () =>
    decodeReply(
      broker.manage([encodeRequest({ action: "subscribe", topics: ["a"], snapshotDays: 0 })]),
    );
  assert.equal(ask().status, "error");
  assert.equal(broker.stats().turnedAway, 1);
  broker.manage([encodeRequest({ action: "unsubscribe", topic: first.topic })]);
  assert.equal(ask().status, "success");
});

Deno.test("Broker makes publishers wait for a subscriber that is behind, until it has caught up", async () => {
  const { broker } = withBroker(10);
  const slow = join(broker, ["stix2"], 0, false);
  const gate: { open?: () => void } = {};
  const received: Uint8Array[] = [];
  const peer: Peer = {
    send: (frame) => {
      received.push(frame);
      return new Promise((resolve) => gate.open = resolve);
    },
  };
  broker.attach(peer, utf8(slow.topic));
  for (let n = 0; n < 8; n++) publish(broker, indicator(n));
  let relieved = false;
  const relief = broker.relief()!.then(() => relieved = true);
  assert.equal(relieved, false);
  while (!relieved) {
    gate.open?.();
    await Promise.resolve();
  }
  await relief;
  assert.ok(received.length >= 3 && broker.stats().dropped === 0);
  broker.close();
  gate.open?.();
});

Deno.test("Broker delivers messages that its store can't keep", () => {
  const fail = () => {
    throw new Error("database or disk is full");
  };
  const store = { ...openStore(":memory:"), putIndicator: fail };
  const { broker } = withBroker(1000, store);
  const person = join(broker, ["stix2"]);
  publish(broker, indicator(1));
  publish(broker, indicator(2));
  assert.deepEqual(ids(person.received), [1, 2]);
});
