import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { UsageError } from "../../../src/errors.ts";
import { type Bus, type BusOptions, startBus } from "../../../src/threatbus/bus/bus.ts";
import { decodeReply, encodeRequest } from "../../../src/threatbus/management.ts";
import { zmqLink } from "../../../src/threatbus/zmq_link.ts";
import { orAborted } from "../../../src/wait.ts";
import {
  connectPub,
  connectReq,
  connectSub,
  curveClient,
  curveKeyPair,
  curveServer,
  plainClient,
  plainServer,
} from "../../../src/zmtp/mod.ts";

const forever = new AbortController().signal;
const soon = () => AbortSignal.timeout(60_000);
const utf8 = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const FREE = { managePort: 0, pubPort: 0, subPort: 0 };

const indicator = (n: number) =>
  utf8(
    "stix2/indicator " + JSON.stringify({
      type: "indicator",
      spec_version: "2.1",
      id: `indicator--00000000-0000-4000-8000-${String(n).padStart(12, "0")}`,
      pattern: "[ipv4-addr:value = '6.6.6.6']",
      pattern_type: "stix",
    }),
  );

async function withBus(body: (bus: Bus) => Promise<void>, changes: BusOptions = {}): Promise<void> {
  const bus = await startBus({ ...FREE, ...changes }, forever);
  try {
    await body(bus);
  } finally {
    await bus.close();
  }
}

const linkTo = (bus: Bus) => zmqLink({ host: "127.0.0.1", port: bus.managePort });

async function subscribe(bus: Bus, topic = "stix2/indicator", snapshotDays = 0): Promise<string> {
  const request = encodeRequest({ action: "subscribe", topics: [topic], snapshotDays });
  const reply = decodeReply(await linkTo(bus).request(request, soon()));
  assert.ok(reply.status === "success" && reply.grant);
  assert.deepEqual([reply.grant.pubPort, reply.grant.subPort], [bus.pubPort, bus.subPort]);
  return reply.grant.topic;
}

Deno.test("startBus() serves 1,000 subscribers at once, and lives on after them", async () => {
  await withBus(async (bus) => {
    const topics = await Promise.all(Array.from({ length: 1000 }, () => subscribe(bus)));
    const sockets = topics.map((topic) =>
      connectSub({ endpoint: `tcp://127.0.0.1:${bus.pubPort}`, topics: [topic] })
    );
    const publisher = await linkTo(bus).publisher(bus.subPort, soon());
    await publisher.publish([[indicator(1)], [indicator(2)], [indicator(3)]], soon());
    await Promise.all(sockets.map(async (socket, at) => {
      let count = 0;
      for await (const [frame] of socket.messages) {
        assert.equal(text(frame?.subarray(0, 32)), topics[at]);
        if (++count === 3) break;
      }
    }));
    await Promise.all(sockets.map((socket) => socket.close()));
    assert.equal(bus.stats().subscribers, 1000);
    await subscribe(bus);
    publisher.close();
  });
});

Deno.test("startBus() ends a connection that asks for too many topics, whatever it cancels", async () => {
  await withBus(async (bus) => {
    const listen = async (cancelled: number, wanted: number) => {
      const listener = await linkTo(bus).listen(bus.pubPort, soon());
      const reading = Array.fromAsync(listener.batches()).catch(() => {});
      for (let n = 0; n < cancelled; n++) listener.unsubscribe("never asked for");
      for (let n = 0; n < wanted; n++) listener.subscribe(`topic ${n}`);
      for (let n = 0; n < wanted / 2; n++) listener.unsubscribe(`topic ${n}`);
      for (let n = 0; n < wanted / 2; n++) listener.subscribe(`topic ${n}`);
      // The first answer says that all was read, the second that it was dealt with.
      let isOver = false;
      for (const _ of [1, 2]) await listener.confirmed(soon()).catch(() => isOver = true);
      listener.close();
      await reading;
      return isOver;
    };
    assert.equal(await listen(0, 10_000), false);
    assert.equal(await listen(0, 10_001), true);
    assert.equal(await listen(5, 10_001), true);
  });
});

Deno.test("startBus() answers a two-frame request and those after it", async () => {
  await withBus(async (bus) => {
    const socket = connectReq({ endpoint: `tcp://127.0.0.1:${bus.managePort}` });
    const heartbeat = utf8('{"action": "heartbeat", "topic": "x"}');
    for (const request of [[heartbeat, heartbeat], [heartbeat], [utf8("{"), utf8("")]]) {
      assert.deepEqual((await socket.request(request, soon())).map(text), ['{"status": "error"}']);
    }
    socket.close();
    await subscribe(bus);
  });
});

Deno.test("startBus() lets a peer that talks nonsense harm nobody else", async () => {
  await withBus(async (bus) => {
    for (const port of [bus.managePort, bus.pubPort, bus.subPort]) {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      await connection.write(utf8("GET / HTTP/1.1\r\nHost: x\r\n\r\n".padEnd(100)));
      while (await connection.read(new Uint8Array(1000)).catch(() => null) !== null);
      connection.close();
    }
    await subscribe(bus);
  });
});

Deno.test("startBus() takes no long subscriptions, and keeps none that leads to nobody", async () => {
  await withBus(async (bus) => {
    const long = await linkTo(bus).listen(bus.pubPort, soon());
    long.subscribe("x".repeat(70_000));
    await orAborted(Array.fromAsync(long.batches()).catch(() => []), soon());
    const odd = await linkTo(bus).listen(bus.pubPort, soon());
    const reading = Array.fromAsync(odd.batches());
    odd.subscribe("y".repeat(60_000));
    odd.unsubscribe("y".repeat(60_000));
    await odd.confirmed(soon());
    odd.close();
    await reading;
    await subscribe(bus);
  });
});

Deno.test("startBus() goes on for others when a subscriber reads nothing", async () => {
  await withBus(async (bus) => {
    const stuck = await subscribe(bus);
    const listener = await linkTo(bus).listen(bus.pubPort, soon());
    listener.subscribe(stuck); // and nobody reads its messages
    const topic = await subscribe(bus);
    const reader = connectSub({ endpoint: `tcp://127.0.0.1:${bus.pubPort}`, topics: [topic] });
    await reader.ready(soon());
    const publisher = await linkTo(bus).publisher(bus.subPort, soon());
    const count = 40_000;
    const published = publisher.publish(
      Array.from({ length: count }, (_, n) => [indicator(n)]),
      soon(),
    );
    let received = 0;
    for await (const batch of reader.batches()) {
      received += batch.length;
      if (received >= count) break;
    }
    await published;
    assert.equal(received, count);
    assert.ok(bus.stats().dropped > 0);
    listener.close();
    publisher.close();
    await reader.close();
  }, { queueBytes: 500_000, stallMs: 5000 });
});

Deno.test("startBus() has in its store what it confirmed, whenever it is killed", async () => {
  const folder = await Deno.makeTempDir();
  const store = `${folder}/bus.sqlite`;
  try {
    await withBus(async (bus) => {
      const publisher = await linkTo(bus).publisher(bus.subPort, soon());
      for (let round = 1; round <= 5; round++) {
        const messages = Array.from({ length: 700 }, (_, n) => [indicator(1000 * round + n)]);
        await publisher.publish(messages, soon());
        const database = new DatabaseSync(store, { readOnly: true });
        const { count } = database.prepare("SELECT count(*) AS count FROM indicator").get()!;
        database.close();
        assert.equal(count, 700 * round);
      }
      publisher.close();
    }, { store });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("startBus() answers snapshots with what it kept over a restart", async () => {
  const folder = await Deno.makeTempDir();
  const store = `${folder}/bus.sqlite`;
  try {
    await withBus(async (bus) => {
      const publisher = await linkTo(bus).publisher(bus.subPort, soon());
      await publisher.publish([[indicator(1)], [indicator(2)]], soon());
      publisher.close();
      while (bus.stats().received.indicator < 2) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }, { store });
    await withBus(async (bus) => {
      const topic = await subscribe(bus, "stix2", 30);
      const reader = connectSub({ endpoint: `tcp://127.0.0.1:${bus.pubPort}`, topics: [topic] });
      let received = 0;
      for await (const _message of reader.messages) if (++received === 2) break;
      await reader.close();
    }, { store });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("startBus() publishes the indicators of its intel files", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const bundle = (...ids: number[]) =>
      `[${ids.map((n) => text(indicator(n)).replace("stix2/indicator ", "")).join()}]`;
    await Deno.writeTextFile(`${folder}/a.json`, bundle(1));
    await withBus(async (bus) => {
      assert.equal(bus.stats().received.indicator, 1);
      const topic = await subscribe(bus);
      const reader = connectSub({ endpoint: `tcp://127.0.0.1:${bus.pubPort}`, topics: [topic] });
      await reader.ready(soon());
      await Deno.writeTextFile(`${folder}/a.json`, bundle(1, 2));
      for await (const [frame] of reader.messages) {
        assert.match(text(frame), /--00000000-0000-4000-8000-000000000002"/);
        break;
      }
      await reader.close();
    }, { intel: [folder] });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("startBus() publishes a large file no faster than subscribers read", async () => {
  const folder = await Deno.makeTempDir();
  const count = 5_000;
  try {
    await withBus(async (bus) => {
      const topic = await subscribe(bus);
      const reader = connectSub({ endpoint: `tcp://127.0.0.1:${bus.pubPort}`, topics: [topic] });
      await reader.ready(soon());
      const objects = Array.from(
        { length: count },
        (_, n) => text(indicator(n)).replace("stix2/indicator ", ""),
      );
      await Deno.writeTextFile(`${folder}/a.json`, `[${objects.join()}]`);
      let received = 0;
      for await (const batch of reader.batches()) {
        received += batch.length;
        if (received >= count) break;
      }
      assert.deepEqual([received, bus.stats().dropped], [count, 0]);
      await reader.close();
    }, { intel: [folder], queueBytes: 250_000 });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("startBus() listens beyond this machine only with login, encryption or insistence", async () => {
  const start = (changes: BusOptions) =>
    startBus({ ...FREE, host: "0.0.0.0", ...changes }, forever);
  await assert.rejects(start({}), (error) => {
    assert.ok(error instanceof UsageError);
    assert.match(error.message, /without CURVE or PLAIN/);
    return true;
  });
  for (const changes of [{ insecure: true }, { mechanism: plainServer({ bridge: "secret" }) }]) {
    await (await start(changes)).close();
  }
});

Deno.test("startBus() with PLAIN lets in who knows the password", async () => {
  await withBus(async (bus) => {
    const request = encodeRequest({ action: "heartbeat", topic: "x" });
    const ask = (password: string) =>
      zmqLink({
        host: "127.0.0.1",
        port: bus.managePort,
        mechanism: plainClient("bridge", password),
      }).request(request, soon());
    assert.equal(text(await ask("secret")), '{"status": "error"}');
    await assert.rejects(ask("wrong"));
    await assert.rejects(linkTo(bus).request(request, soon()));
  }, { mechanism: plainServer({ bridge: "secret" }) });
});

Deno.test("startBus() reads past a message of any size, also where it is encrypted", async () => {
  const server = curveKeyPair(), ours = curveKeyPair();
  for (const isCurve of [false, true]) {
    await withBus(async (bus) => {
      const publisher = connectPub({
        endpoint: `tcp://127.0.0.1:${bus.subPort}`,
        ...(isCurve && { mechanism: curveClient({ ...ours, serverKey: server.publicKey }) }),
      });
      const long = new Uint8Array((1 << 24) + 1).fill(32);
      long.set(indicator(1));
      await publisher.publish([long], soon());
      await publisher.publish([indicator(2)], soon());
      while (bus.stats().received.indicator === 0) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      assert.deepEqual(bus.stats().refused, { "too-large": 1 });
      await publisher.close();
    }, isCurve ? { mechanism: curveServer(server) } : {});
  }
});

Deno.test("startBus() says that a port is taken, and leaves nothing open", async () => {
  await withBus(async (bus) => {
    await assert.rejects(startBus({ ...FREE, managePort: bus.managePort }, forever), UsageError);
  });
});
