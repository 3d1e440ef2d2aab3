/**
 * Our client with the real Threat Bus, and the real vast-threatbus and pyzmq apps
 * with our bus. `deno task test:interop`; needs Python 3.10 to 3.12 and PyPI once.
 */
import assert from "node:assert/strict";
import { type Bus, startBus } from "../../src/threatbus/bus/bus.ts";
import {
  type ClientState,
  createClient,
  type ThreatBusClient,
} from "../../src/threatbus/client.ts";
import { zmqLink } from "../../src/threatbus/zmq_link.ts";
import type { Venv } from "./venv.ts";
import {
  brokerPorts,
  startBroker,
  startPeer,
  startVastApp,
  threatBusVenv,
} from "./threatbus/peers.ts";

const venv = await threatBusVenv();
if (typeof venv === "string") console.warn(`Threat Bus interop is skipped: ${venv}`);

/** What a test gets: the environment, a folder, and a list of what is to be ended. */
interface Stage {
  readonly venv: Venv;
  readonly folder: string;
  readonly defer: (end: () => Promise<unknown>) => void;
}

function interop(name: string, body: (stage: Stage) => Promise<void>): void {
  Deno.test({
    name,
    ignore: typeof venv === "string",
    fn: async () => {
      const folder = await Deno.makeTempDir();
      const ends: (() => Promise<unknown>)[] = [];
      try {
        await body({ venv: venv as Venv, folder, defer: (end) => ends.unshift(end) });
      } finally {
        for (const end of ends) await end();
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

const indicator = (n: number) => ({
  type: "indicator",
  spec_version: "2.1",
  id: `indicator--00000000-0000-4000-8000-${String(n).padStart(12, "0")}`,
  created: "2026-11-21T10:00:00.123456Z",
  modified: "2026-11-21T10:00:00.123456Z",
  pattern: `[ipv4-addr:value = '10.0.${n >> 8}.${n & 255}']`,
  pattern_type: "stix",
  valid_from: "2026-11-21T10:00:00.123456Z",
});
const sighting = (n: number) =>
  JSON.stringify({
    type: "sighting",
    spec_version: "2.1",
    id: `sighting--00000000-0000-4000-8000-${String(n).padStart(12, "0")}`,
    created: "2026-11-21T10:00:00.123Z",
    modified: "2026-11-21T10:00:00.123Z",
    sighting_of_ref: indicator(n).id,
    x_threatbus_sighting_context: { flow_id: 1842718273628271823n.toString(), note: "b\u00fc" },
  });
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);
const numberOf = (id: string) => Number(id.slice(-12));

function client(stage: Stage, manage: number, snapshotDays: number) {
  const states: ClientState[] = [];
  const made = createClient({
    link: zmqLink({ host: "127.0.0.1", port: manage }),
    endpoint: `127.0.0.1:${manage}`,
    topics: ["stix2/indicator"],
    snapshotDays,
    heartbeatMs: 500,
    askAgainMs: 2500,
    maxBackoffMs: 500,
    onState: (state) => states.push(state),
  }, new AbortController().signal);
  stage.defer(() => made.close());
  return { made, states };
}

/** Reads indicators until all these numbers have come; returns how often each came. */
async function collect(
  made: ThreatBusClient,
  wanted: readonly number[],
  seen = new Map<number, number>(),
) {
  const missing = new Set(wanted.filter((n) => !seen.has(n)));
  if (missing.size === 0) return seen;
  for await (const batch of made.batches()) {
    for (const item of batch) {
      assert.notEqual(item.type, "refused", JSON.stringify(item));
      if (item.type !== "indicator") continue;
      const n = numberOf(item.id);
      seen.set(n, (seen.get(n) ?? 0) + 1);
      missing.delete(n);
    }
    if (missing.size === 0) return seen;
  }
  throw new Error(`ended, missing ${missing.size}: ${[...missing].slice(0, 10)}`);
}

async function bus(stage: Stage): Promise<Bus> {
  const started = await startBus(
    { managePort: 0, pubPort: 0, subPort: 0, store: `${stage.folder}/bus.sqlite` },
    new AbortController().signal,
  );
  stage.defer(() => started.close());
  return started;
}

interop(
  "client gets all of a snapshot and 1,000 indicators from the real broker, once",
  async (stage) => {
    const ports = brokerPorts();
    const broker = await startBroker(stage.venv, stage.folder, ports);
    stage.defer(() => broker.stop());
    const provider = startPeer(stage.venv, ports.manage);
    stage.defer(() => provider.stop());
    await provider.subscribe(["stix2/sighting"], 0, range(0, 500).map(indicator));
    const { made } = client(stage, ports.manage, 30);
    await collect(made, range(0, 500));
    const publisher = startPeer(stage.venv, ports.manage);
    stage.defer(() => publisher.stop());
    const messages = range(1000, 2000).map((n) => JSON.stringify(indicator(n)));
    // The broker's SUB socket drops above its mark of 1,000: a rest in between.
    for (let at = 0; at < 1000; at += 250) {
      await publisher.publish("stix2/indicator", messages.slice(at, at + 250));
      const seen = await collect(made, range(1000 + at, 1250 + at));
      for (const [n, times] of seen) assert.equal(times, 1, `indicator ${n}`);
    }
    assert.deepEqual(made.stats().refused, {});
  },
);

interop(
  "client's sightings reach a pyzmq subscriber over the real broker, none lost in a burst",
  async (stage) => {
    const ports = brokerPorts();
    const broker = await startBroker(stage.venv, stage.folder, ports);
    stage.defer(() => broker.stop());
    const subscriber = startPeer(stage.venv, ports.manage);
    stage.defer(() => subscriber.stop());
    await subscriber.subscribe(["stix2/sighting"]);
    const { made } = client(stage, ports.manage, 0);
    await made.subscribed;
    const count = 3000;
    const faults = await made.publish(range(0, count).map(sighting), AbortSignal.timeout(60_000));
    assert.deepEqual(faults, []);
    const received = await subscriber.receive("sighting", count);
    assert.deepEqual(received.map((body) => numberOf(JSON.parse(body).id)), range(0, count));
    assert.match(received[0]!, /"note": "b\\u00fc"/);
  },
);

interop(
  "client outlives a killed broker; what came meanwhile comes with the snapshot",
  async (stage) => {
    const ports = brokerPorts();
    let broker = await startBroker(stage.venv, stage.folder, ports);
    stage.defer(() => broker.stop());
    let provider = startPeer(stage.venv, ports.manage);
    stage.defer(() => provider.stop());
    await provider.subscribe(["stix2/sighting"], 0, range(0, 100).map(indicator));
    const { made, states } = client(stage, ports.manage, 30);
    const seen = await collect(made, range(0, 100));
    await broker.stop("SIGKILL");
    await provider.stop();
    while (made.state.type === "subscribed") {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    // Waits for a broker instead of failing.
    const published = made.publish([sighting(1)], AbortSignal.timeout(60_000));
    broker = await startBroker(stage.venv, stage.folder, ports);
    provider = startPeer(stage.venv, ports.manage);
    await provider.subscribe(["stix2/sighting"], 0, range(0, 300).map(indicator));
    await collect(made, range(0, 300), seen);
    await published;
    assert.equal(made.stats().resubscribed, 1);
    assert.ok(states.some((state) => state.type === "lost"));
  },
);

interop(
  "bus serves the real vast-threatbus: 200 of 200 of a snapshot, then live indicators",
  async (stage) => {
    const ours = await bus(stage);
    const publisher = startPeer(stage.venv, ours.managePort);
    stage.defer(() => publisher.stop());
    const subscriber = startPeer(stage.venv, ours.managePort);
    stage.defer(() => subscriber.stop());
    await subscriber.subscribe(["stix2/sighting"]);
    const messages = range(0, 250).map((n) => JSON.stringify(indicator(n)));
    await publisher.publish("stix2/indicator", messages.slice(0, 200));
    while (ours.stats().received.indicator < 200) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const app = await startVastApp(stage.venv, stage.folder, ours.managePort, { snapshot: 30 });
    stage.defer(() => app.stop("SIGTERM"));
    await subscriber.receive("sighting", 200);
    await publisher.publish("stix2/indicator", messages.slice(200));
    const received = await subscriber.receive("sighting", 250);
    const refs = new Set(received.map((body) => numberOf(JSON.parse(body).sighting_of_ref)));
    assert.equal(refs.size, 250);
    assert.deepEqual(ours.stats().refused, {});
    await app.stop("SIGTERM");
    assert.equal(ours.stats().subscribers, 1, "vast-threatbus has unsubscribed");
  },
);

interop(
  "bus serves pyzmq apps: a provider's snapshot reaches the requester, heartbeats work",
  async (stage) => {
    const ours = await bus(stage);
    const provider = startPeer(stage.venv, ours.managePort);
    stage.defer(() => provider.stop());
    await provider.subscribe(["stix2/sighting"], 0, range(0, 300).map(indicator));
    const requester = startPeer(stage.venv, ours.managePort);
    stage.defer(() => requester.stop());
    await requester.subscribe(["stix2/indicator"], 7);
    const bodies = await requester.receive("indicator", 300);
    assert.deepEqual(bodies.map((body) => numberOf(JSON.parse(body).id)), range(0, 300));
    const { made } = client(stage, ours.managePort, 7);
    await collect(made, range(0, 300));
    assert.deepEqual(await requester.ask("heartbeat"), { status: "success" });
    assert.deepEqual(await requester.ask("unsubscribe"), { status: "success" });
    assert.deepEqual(await requester.ask("heartbeat"), { status: "error" });
  },
);
