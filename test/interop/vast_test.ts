/**
 * The real vast-threatbus and our engine on the same recorded node: the sightings
 * one by one. `deno task test:interop`; needs Python 3.10 to 3.12 and PyPI once.
 */
import assert from "node:assert/strict";
import { open } from "../../src/engines/vast/mod.ts";
import { indicatorFromStix } from "../../src/intel/from_stix.ts";
import { createIndicatorSet } from "../../src/intel/indicator_set.ts";
import type { JsonObject } from "../../src/json.ts";
import { sightingBytes } from "../../src/stix/sighting.ts";
import { allEvents, startVast, type Vast } from "../recorded_node/mod.ts";
import {
  brokerPorts,
  startBroker,
  startPeer,
  startVastApp,
  threatBusVenv,
} from "./threatbus/peers.ts";
import { startChild } from "./threatbus/child.ts";
import type { Venv } from "./venv.ts";

const venv = await threatBusVenv();
if (typeof venv === "string") console.warn(`VAST interop is skipped: ${venv}`);

/** Where both must agree to the last sighting. */
const EQUAL = [
  "[ipv4-addr:value = '147.32.84.165']",
  "[ipv6-addr:value = 'fe80::219:e3ff:fee7:5d23']",
  "[domain-name:value = 'lvb.avg.com']",
  "[domain-name:value = 'irc.freenode.net']",
  "[domain-name:value = 'cr-tools.clients.google.com']",
  "[domain-name:value = 'nope.example.org']",
  "[url:value = 'http://nope.example.org/']",
  "[ipv4-addr:value = '203.0.113.77']",
];

/** Where the ancestor misses events, and how many we find (docs/vast.md tells why). */
const MORE: Readonly<Record<string, number>> = {
  "[ipv4-addr:value = '72.247.178.18']": 173,
  "[ipv4-addr:value = '72.247.178.0/24']": 265,
  "[domain-name:value = 'tls.example.org']": 1,
  "[domain-name:value = 'youtube-ui.l.google.com']": 19,
  "[ipv4-addr:value = '74.125.53.141']": 7,
  "[domain-name:value = 'LVB.AVG.COM']": 16,
  "[url:value = 'http://lvb.avg.com/api.aspx']": 11,
  "[file:hashes.MD5 = '70041821acf87389e40ddcb092004184']": 1,
};
const SEEN_NOW = `{"ts": "2026-11-21T12:00:00", "id.orig_h": "198.51.100.99", "conn_state": "S0"}`;
const SENTINEL = "[ipv4-addr:value = '198.51.100.99']";

const stixOf = (pattern: string, n: number): JsonObject => ({
  type: "indicator",
  spec_version: "2.1",
  id: `indicator--00000000-0000-4000-8000-${String(n).padStart(12, "0")}`,
  created: "2026-11-21T10:00:00.123456Z",
  modified: "2026-11-21T10:00:00.123456Z",
  pattern,
  pattern_type: "stix",
  pattern_version: "2.1",
  valid_from: "2026-11-21T10:00:00.123456Z",
});

/** A sighting without what differs from run to run. */
function comparable(text: string): JsonObject {
  const { id: _id, created: _created, modified: _modified, ...rest } = JSON.parse(text);
  return rest;
}

/** The sightings of the ancestor, in a run of the whole app. */
async function fromAncestor(
  venv: Venv,
  { node, binary, folder }: Vast,
  indicators: readonly JsonObject[],
): Promise<JsonObject[]> {
  const ports = brokerPorts();
  const broker = await startBroker(venv, folder, ports);
  const peer = startPeer(venv, ports.manage);
  const changes = { vast: node.endpoint, vast_binary: binary, max_background_tasks: 1 };
  const app = await startVastApp(venv, folder, ports.manage, changes);
  try {
    await peer.subscribe(["stix2/sighting"]);
    await peer.publish("stix2/indicator", indicators.map((indicator) => JSON.stringify(indicator)));
    const last = indicators.at(-1)!["id"] as string;
    for (let count = 1;; count++) {
      const bodies = await peer.receive("sighting", count);
      if (comparable(bodies.at(-1)!)["sighting_of_ref"] === last) return bodies.map(comparable);
    }
  } finally {
    await app.stop("SIGTERM");
    await peer.stop();
    await broker.stop();
  }
}

/** The sightings of `bridge run` from a broker of its own. */
async function fromBridge(
  venv: Venv,
  { node, binary, folder }: Vast,
  indicators: readonly JsonObject[],
  count: number,
): Promise<JsonObject[]> {
  const ports = brokerPorts();
  const broker = await startBroker(venv, folder, ports);
  const peer = startPeer(venv, ports.manage);
  const config = {
    vast: node.endpoint,
    vast_binary: binary,
    threatbus: `127.0.0.1:${ports.manage}`,
    snapshot: 0,
    live_match: true,
    state_dir: `${folder}/state`,
  };
  await Deno.writeTextFile(`${folder}/bridge.yaml`, JSON.stringify(config));
  const main = new URL("../../main.ts", import.meta.url).pathname;
  const app = startChild(Deno.execPath(), [
    ...["run", "--no-check", "-A", main],
    ...["run", "-c", `${folder}/bridge.yaml`],
  ]);
  try {
    await app.until((line) => line.includes("Subscribed at Threat Bus"));
    await peer.subscribe(["stix2/sighting"]);
    await peer.publish("stix2/indicator", indicators.map((indicator) => JSON.stringify(indicator)));
    const past = (await peer.receive("sighting", count)).map(comparable);
    // An event of now, which the event stream shows.
    await node.watching(1);
    node.feed([SEEN_NOW]);
    const live = (await peer.receive("sighting", count + 1)).map(comparable).at(-1)!;
    assert.equal(live["x_threatbus_match_type"], "LIVE");
    assert.equal(live["sighting_of_ref"], indicators.at(-1)!["id"]);
    return past;
  } finally {
    await app.stop("SIGTERM");
    await peer.stop();
    await broker.stop();
  }
}

async function fromUs({ node, binary }: Vast, indicators: readonly JsonObject[]) {
  const engine = await open({ vast: node.endpoint, vast_binary: binary });
  const set = createIndicatorSet();
  for (const stix of indicators) {
    const read = indicatorFromStix(stix);
    assert.equal(read.type, "indicator");
    if (read.type === "indicator") set.put(read.indicator);
  }
  const sightings: JsonObject[] = [];
  const signal = new AbortController().signal;
  const decoder = new TextDecoder();
  for await (const batch of engine.retro({ indicators: set, maxEvents: 0 }, {}, signal)) {
    for (const match of batch) sightings.push(comparable(decoder.decode(sightingBytes(match))));
  }
  await engine.close();
  return sightings;
}

/** Sightings of one indicator as sorted texts, each with sorted keys of the outermost object. */
function of(sightings: readonly JsonObject[], { id }: JsonObject): string[] {
  return sightings.filter(({ sighting_of_ref }) => sighting_of_ref === id)
    .map((sighting) => JSON.stringify(Object.fromEntries(Object.entries(sighting).sort())))
    .sort();
}

Deno.test({
  name: "bridge's VAST engine reports what vast-threatbus reports, sighting by sighting",
  ignore: typeof venv === "string",
  async fn() {
    const seen = '{"ts": "2026-11-21T10:00:00", "id.orig_h": "198.51.100.99", "conn_state": "SF"}';
    const events = [...await allEvents(), new TextEncoder().encode(seen)];
    await using vast = await startVast({ events });
    const patterns = [...EQUAL, ...Object.keys(MORE), SENTINEL];
    const indicators = patterns.map(stixOf);
    const theirs = await fromAncestor(venv as Venv, vast, indicators);
    const ours = await fromUs(vast, indicators);
    for (const indicator of indicators) {
      const pattern = indicator["pattern"] as string;
      const [mine, ancestors] = [of(ours, indicator), of(theirs, indicator)];
      if (pattern in MORE) {
        const set = new Set(mine);
        assert.deepEqual(ancestors.filter((sighting) => !set.has(sighting)), [], pattern);
        assert.equal(mine.length, MORE[pattern], pattern);
        assert.equal(ancestors.length < mine.length, true, pattern);
      } else assert.deepEqual(mine, ancestors, pattern);
    }
    const run = await fromBridge(venv as Venv, vast, indicators, ours.length);
    for (const indicator of indicators) assert.deepEqual(of(run, indicator), of(ours, indicator));
    console.log(`${theirs.length} sightings of the ancestor, ${ours.length} of ours`);
  },
});
