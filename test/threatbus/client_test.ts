import assert from "node:assert/strict";
import { NotConnectedError } from "../../src/errors.ts";
import { type Bus, type BusOptions, startBus } from "../../src/threatbus/bus/bus.ts";
import {
  type ClientOptions,
  type ClientState,
  createClient,
  type ThreatBusClient,
} from "../../src/threatbus/client.ts";
import type { Item } from "../../src/threatbus/messages.ts";
import { zmqLink } from "../../src/threatbus/zmq_link.ts";
import { freePorts } from "../free_ports.ts";
import { type FakeBroker, startFakeBroker } from "./fake_broker.ts";

const forever = new AbortController().signal;
const soon = () => AbortSignal.timeout(60_000);
const utf8 = (text: string) => new TextEncoder().encode(text);

const indicator = (n: number, more: Record<string, unknown> = {}) =>
  JSON.stringify({
    type: "indicator",
    spec_version: "2.1",
    id: `indicator--00000000-0000-4000-8000-${String(n).padStart(12, "0")}`,
    pattern: `[ipv4-addr:value = '6.6.6.${n % 256}']`,
    pattern_type: "stix",
    ...more,
  });
const sighting = (n: number) =>
  JSON.stringify({
    type: "sighting",
    spec_version: "2.1",
    id: `sighting--00000000-0000-4000-8000-${String(n).padStart(12, "0")}`,
    sighting_of_ref: "indicator--00000000-0000-4000-8000-000000000001",
  });
const numberOf = (text: string) => Number(/--00000000-0000-4000-8000-(\d{12})/.exec(text)![1]);
const range = (count: number) => Array.from({ length: count }, (_, n) => n);

/** A client whose states can be waited for. */
function start(port: number, changes: Partial<ClientOptions> = {}, signal = forever) {
  const states: ClientState[] = [];
  const waiters: (() => void)[] = [];
  const client = createClient({
    link: zmqLink({ host: "127.0.0.1", port }),
    endpoint: `127.0.0.1:${port}`,
    topics: ["stix2/indicator"],
    snapshotDays: 0,
    heartbeatMs: 50,
    maxBackoffMs: 50,
    onState: (state) => {
      states.push(state);
      for (const wake of waiters.splice(0)) wake();
    },
    ...changes,
  }, signal);
  const until = async (type: ClientState["type"], count = 1) => {
    while (states.filter((state) => state.type === type).length < count) {
      await new Promise<void>((resolve) => waiters.push(resolve));
    }
  };
  return { client, states, until };
}

async function take(client: ThreatBusClient, count: number): Promise<Item[]> {
  const items: Item[] = [];
  for await (const batch of client.batches(count)) {
    items.push(...batch);
    if (items.length >= count) return items;
  }
  return items;
}

async function withFake(body: (broker: FakeBroker) => Promise<void>): Promise<void> {
  const broker = startFakeBroker();
  try {
    await body(broker);
  } finally {
    await broker.close();
  }
}

async function withBus(body: (bus: Bus) => Promise<void>, changes: BusOptions = {}): Promise<void> {
  const bus = await startBus({ managePort: 0, pubPort: 0, subPort: 0, ...changes }, forever);
  try {
    await body(bus);
  } finally {
    await bus.close();
  }
}

Deno.test("ThreatBusClient receives, publishes and unsubscribes at the end", async () => {
  await withBus(async (bus) => {
    const hunter = start(bus.managePort, { topics: ["stix2/indicator", "stix2/sighting"] });
    const source = start(bus.managePort, { topics: ["stix2/sighting"] });
    await Promise.all([hunter.client.subscribed, source.client.subscribed]);
    assert.deepEqual(await source.client.publish([indicator(1)], soon()), []);
    await source.client.publish([indicator(1, { x_threatbus_update: "REMOVE" })], soon());
    await hunter.client.publish([utf8(sighting(2)), JSON.parse(sighting(3))], soon());
    const items = await take(hunter.client, 4);
    const shown = items.map((item) => item.type === "indicator" ? item.update : item.type);
    assert.deepEqual(shown.sort(), ["ADD", "REMOVE", "sighting", "sighting"]);
    assert.deepEqual((await take(source.client, 2)).map((item) => item.type), [
      "sighting",
      "sighting",
    ]);
    await hunter.client.close();
    await source.client.close();
    assert.equal(bus.stats().subscribers, 0);
    assert.equal(hunter.client.state.type, "closed");
    assert.deepEqual(await take(hunter.client, 1), [], "ends");
  });
});

Deno.test("ThreatBusClient gets every answer of a snapshot, once, however early it comes", async () => {
  await withBus(async (bus) => {
    const source = start(bus.managePort, { topics: ["none"] });
    await source.client.publish(range(3000).map((n) => indicator(n)), soon());
    for (let round = 0; round < 5; round++) {
      const { client } = start(bus.managePort, { snapshotDays: 30 });
      const items = await take(client, 3000);
      const numbers = items.map((item) => item.type === "indicator" ? numberOf(item.id) : -1);
      assert.ok(numbers.sort((a, b) => a - b).every((n, at) => n === at), "each once");
      await client.close();
    }
    await source.client.close();
  });
});

Deno.test("ThreatBusClient asks for a snapshot only while it listens to everything", async () => {
  await withFake(async (broker) => {
    // What comes before the reply, as from a provider that is very quick.
    broker.answer = (request) => {
      if (request.snapshot === 7) {
        const topic = "b".repeat(32);
        broker.send(`${topic}indicator ${indicator(1)}`);
        broker.send(`${"z".repeat(32)}indicator ${indicator(2)}`);
      }
      return undefined;
    };
    const { client } = start(broker.port, { snapshotDays: 7 });
    const [item] = await take(client, 1);
    assert.ok(item?.type === "indicator" && numberOf(item.id) === 1);
    await client.close();
    const asked = broker.requests.map(({ action, topic, snapshot }) => [action, topic, snapshot]);
    assert.deepEqual(asked.filter(([action]) => action !== "heartbeat"), [
      ["subscribe", "stix2/indicator", 0],
      ["subscribe", "stix2/indicator", 7],
      ["unsubscribe", "a".repeat(32), undefined],
      ["unsubscribe", "b".repeat(32), undefined],
    ]);
    assert.deepEqual(client.stats().refused, {}, "others' messages are none of our business");
  });
});

Deno.test("ThreatBusClient refuses bad messages one by one and goes on", async () => {
  await withFake(async (broker) => {
    const { client } = start(broker.port, { maxMessageBytes: 5000 });
    await client.subscribed;
    const topic = "a".repeat(32);
    broker.send(`${topic}indicator {"type": `);
    broker.send(utf8(`${topic}indicator ${indicator(1)}`).fill(0xff, 60, 62));
    broker.send(`${topic}indicator ${indicator(1, { pattern: undefined })}`);
    broker.send(`${topic}malware {}`);
    broker.send(`${topic}indicator ${indicator(1, { name: "x".repeat(5000) })}`);
    broker.send(`${topic}indicator ${indicator(2)}`);
    const items = await take(client, 6);
    const shown = items.map((item) => item.type === "refused" ? item.reason : item.type);
    const reasons = ["malformed-json", "not-utf-8", "no-pattern", "unknown-type", "too-large"];
    assert.deepEqual(shown, [...reasons, "indicator"]);
    assert.deepEqual(client.stats().refused, Object.fromEntries(reasons.map((name) => [name, 1])));
    assert.deepEqual(client.stats().received, { indicator: 1, sighting: 0 });
    await client.close();
  });
});

Deno.test("ThreatBusClient subscribes again when the broker forgets it, and asks for the time away", async () => {
  await withFake(async (broker) => {
    let forgetful = true;
    broker.answer = ({ action }) => {
      if (action !== "heartbeat" || !forgetful) return undefined;
      forgetful = false;
      return utf8('{"status": "error"}');
    };
    const { client, states, until } = start(broker.port, { askAgainMs: 30 });
    await client.subscribed;
    broker.send(`${"a".repeat(32)}indicator ${indicator(1)}`);
    await until("subscribed", 3);
    const kinds = states.map((state) =>
      state.type === "subscribed" ? [state.again, state.snapshotDays] : state.type
    );
    // The second time is for apps that come back later than we.
    assert.deepEqual(kinds, [[false, 0], "lost", [true, 1], [true, 1]]);
    assert.equal(client.stats().resubscribed, 1);
    const [item] = await take(client, 1);
    assert.equal(item?.type, "indicator", "what was queued is still there");
    await client.close();
  });
});

Deno.test("ThreatBusClient asks for all the time away, however long nobody could be reached", async () => {
  const broker = startFakeBroker(freePorts(1)[0]);
  const { client, until } = start(broker.port);
  await client.subscribed;
  await broker.close();
  await until("unreachable");
  const { now } = Date;
  const back = startFakeBroker(broker.port);
  Date.now = () => now() + 3.5 * 86_400_000;
  try {
    await until("subscribed", 2);
    const asked = back.requests.filter(({ action }) => action === "subscribe");
    assert.deepEqual(asked.map(({ snapshot }) => snapshot), [0, 4]);
  } finally {
    Date.now = now;
    await client.close();
    await back.close();
  }
});

Deno.test("ThreatBusClient gives back what is granted while it is being stopped", async () => {
  // Each of two, at the start, after a loss, and when it asks again after that.
  for (let asking = 1; asking <= 6; asking++) {
    await withFake(async (broker) => {
      const stop = new AbortController();
      const left: unknown[] = [];
      let asked = 0, isLost = false;
      broker.answer = ({ action, topic }) => {
        if (action === "unsubscribe") left.push(topic);
        if (action === "subscribe" && ++asked === asking) stop.abort();
        if (action !== "heartbeat" || isLost) return undefined;
        isLost = true;
        return utf8('{"status": "error"}');
      };
      const changes = { snapshotDays: 7, askAgainMs: 1, heartbeatMs: 1, requestTimeoutMs: 60_000 };
      const { client, until } = start(broker.port, changes, stop.signal);
      await until("closed");
      await client.close();
      assert.equal(broker.granted.length, asking);
      assert.deepEqual(left.sort(), [...broker.granted].sort());
    });
  }
});

Deno.test("ThreatBusClient reads past a message of any size, and tells its id", async () => {
  await withFake(async (broker) => {
    const { client, states } = start(broker.port);
    await client.subscribed;
    const message = new Uint8Array(130 * 1024 * 1024).fill(32);
    message.set(utf8(`${"a".repeat(32)}indicator ${indicator(1)}`));
    broker.send(message);
    broker.send(`${"a".repeat(32)}indicator ${indicator(2)}`);
    const [first, second] = await take(client, 2);
    assert.ok(first?.type === "refused" && second?.type === "indicator");
    assert.deepEqual([first.reason, numberOf(first.id!), numberOf(second.id)], ["too-large", 1, 2]);
    assert.match(first.detail, / 136314880 bytes/);
    assert.deepEqual(states.map(({ type }) => type), ["subscribed"]);
    await client.close();
  });
});

Deno.test("ThreatBusClient says what the broker did wrong, and comes back slower each time", async () => {
  await withFake(async (broker) => {
    const { client, states, until } = start(broker.port, { maxBackoffMs: 40 });
    await client.subscribed;
    // Of more frames than any message may have: it costs the connection, each time anew.
    const frames = new Array(9).fill(new Uint8Array(15 * 1024 * 1024));
    for (let losses = 1; losses <= 3; losses++) {
      broker.send(broker.granted.at(-1)!, ...frames);
      await until("lost", losses);
      await until("subscribed", losses + 1);
    }
    const reasons = states.flatMap((state) => state.type === "lost" ? [state.reason] : []);
    assert.match(reasons[0]!, /listening connection was closed \(A message is longer/);
    await client.close();
  });
});

Deno.test("ThreatBusClient says once that a broker is unreachable, and tries until it is there", async () => {
  const port = freePorts(1)[0]!;
  const { client, states, until } = start(port, { maxBackoffMs: 20 });
  await until("unreachable");
  const published = client.publish([sighting(1)], soon());
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(states.length, 1);
  const back = startFakeBroker(port);
  await published;
  assert.equal(numberOf(back.published[0]!), 1);
  await client.close();
  await back.close();
});

Deno.test("ThreatBusClient with failFast ends at the first failure", async () => {
  const { client } = start(freePorts(1)[0]!, { failFast: true });
  await assert.rejects(client.subscribed, NotConnectedError);
  await assert.rejects(client.publish([sighting(1)], soon()));
  await client.close();
});

Deno.test("ThreatBusClient names a peer that is no Threat Bus", async () => {
  await withFake(async (broker) => {
    broker.answer = () => utf8("hello");
    const { client, states, until } = start(broker.port);
    await until("unreachable");
    assert.match(JSON.stringify(states[0]), /not Threat Bus's: Reply is not JSON/);
    await client.close();
    await assert.rejects(client.subscribed);
  });
});

Deno.test("ThreatBusClient.publish() sends anew what a lost connection may have swallowed", async () => {
  const [managePort, pubPort, subPort] = freePorts(3) as [number, number, number];
  let bus = await startBus({ managePort, pubPort, subPort }, forever);
  const { client, until } = start(managePort);
  await client.subscribed;
  await bus.close();
  const published = client.publish(range(100).map(sighting), soon());
  await until("lost");
  bus = await startBus({ managePort, pubPort, subPort }, forever);
  await published;
  assert.equal(bus.stats().received.sighting, 100);
  await client.close();
  await bus.close();
});

Deno.test("ThreatBusClient.publish() returns what is no STIX and sends the rest", async () => {
  await withFake(async (broker) => {
    const { client } = start(broker.port);
    const faults = await client.publish(["{", indicator(1, { id: "x" }), sighting(7)], soon());
    const shown = faults.map(({ index, reason, id }) => [index, reason, id]);
    assert.deepEqual(shown, [[0, "malformed-json", undefined], [1, "bad-id", "x"]]);
    await broker.until(() => broker.published.length === 1);
    assert.equal(numberOf(broker.published[0]!), 7);
    const never = new AbortController();
    never.abort(new Error("enough"));
    await assert.rejects(client.publish([sighting(8)], never.signal), /enough/);
    await client.close();
    await assert.rejects(client.publish([sighting(9)], soon()), /closed/);
  });
});

Deno.test("ThreatBusClient holds the broker back when nobody reads, and loses nothing", async () => {
  await withBus(async (bus) => {
    const { client } = start(bus.managePort, { queueMessages: 100 });
    const source = start(bus.managePort, { topics: ["none"] });
    await Promise.all([client.subscribed, source.client.subscribed]);
    await source.client.publish(range(20_000).map((n) => indicator(n)), soon());
    assert.ok(client.stats().queued < 20_000);
    const items = await take(client, 20_000);
    assert.deepEqual(
      items.map((item) => item.type === "indicator" ? numberOf(item.id) : -1),
      range(20_000),
    );
    await Promise.all([client.close(), source.client.close()]);
  });
});

Deno.test("ThreatBusClient ends though nobody reads; what was received can still be read", async () => {
  await withBus(async (bus) => {
    const { client } = start(bus.managePort, { queueMessages: 100 });
    const source = start(bus.managePort, { topics: ["none"] });
    await Promise.all([client.subscribed, source.client.subscribed]);
    await source.client.publish(range(1000).map((n) => indicator(n)), soon());
    while (client.stats().queued < 100) await new Promise((resolve) => setTimeout(resolve, 1));
    await client.close();
    const items = await take(client, Infinity);
    assert.ok(items.length >= 100);
    assert.deepEqual(
      items.map((item) => item.type === "indicator" ? numberOf(item.id) : -1),
      range(items.length),
    );
    await source.client.close();
    assert.equal(bus.stats().subscribers, 0);
  });
});

Deno.test("ThreatBusClient unsubscribes when its signal aborts", async () => {
  await withBus(async (bus) => {
    const stop = new AbortController();
    const { client, until } = start(bus.managePort, {}, stop.signal);
    await client.subscribed;
    stop.abort();
    await until("closed");
    assert.equal(bus.stats().subscribers, 0);
    await client.close();
  });
});
