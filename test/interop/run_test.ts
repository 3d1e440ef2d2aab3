/**
 * `bridge run` on the real Threat Bus, with pyzmq apps around it.
 * `deno task test:interop`; needs Python 3.10 to 3.12 and PyPI once.
 */
import assert from "node:assert/strict";
import { flow, indicator, start, told } from "../cli/run_process.ts";
import { brokerPorts, startBroker, startPeer, threatBusVenv } from "./threatbus/peers.ts";

const venv = await threatBusVenv();
if (typeof venv === "string") console.warn(`Threat Bus interop is skipped: ${venv}`);

const COUNT = 1000;
const address = (number: number) => `10.77.${number >> 8}.${number & 255}`;
const numbers = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => from + index);
const threat = (number: number) =>
  JSON.stringify(indicator(number, `[ipv4-addr:value = '${address(number)}']`));

Deno.test({
  name: "run on the real Threat Bus: 1,000 indicators in, sightings out to a pyzmq subscriber; " +
    "the broker dies, comes back, and a provider's snapshot brings what was missed",
  ignore: typeof venv === "string",
  async fn() {
    if (typeof venv === "string") return;
    const folder = await Deno.makeTempDir({ prefix: "bridge-interop-" });
    const ports = brokerPorts();
    const ends: (() => Promise<unknown>)[] = [];
    try {
      const all = numbers(1, COUNT + 201);
      await Deno.writeTextFile(
        `${folder}/eve.json`,
        all.map((number) => flow(number, address(number))).join(""),
      );
      const broker = await startBroker(venv, folder, ports);
      ends.unshift(() => broker.stop());
      const watcher = startPeer(venv, ports.manage);
      ends.unshift(watcher.stop);
      await watcher.subscribe(["stix2/sighting"]);
      const running = start(
        [
          ...["run", "-t", `127.0.0.1:${ports.manage}`, "--snapshot", "30"],
          ...["--logs", `${folder}/eve.json`, "--state-dir", `${folder}/state`],
        ],
        {},
        120_000,
      );
      ends.unshift(() => running.stop("SIGKILL"));
      await running.logged(/Subscribed at Threat Bus/);
      const feed = startPeer(venv, ports.manage);
      ends.unshift(feed.stop);
      await feed.publish("stix2/indicator", numbers(1, COUNT + 1).map(threat));

      const first = (await watcher.receive("sighting", COUNT)).map((body) => JSON.parse(body));
      assert.deepEqual(
        first.map(told).sort(),
        numbers(1, COUNT + 1).map((number) => `RETRO ${number} ${number}`).sort(),
      );
      const [one] = first;
      assert.match(one.id, /^sighting--[0-9a-f-]{36}$/);
      assert.equal(one.spec_version, "2.1");
      for (const key of ["created", "modified", "last_seen"]) assert.match(one[key], /Z$/);
      assert.equal(one.x_threatbus_indicator.id, one.sighting_of_ref);
      assert.equal(one.x_threatbus_indicator.type, "indicator");
      assert.equal(one.x_threatbus_sighting_context.event_type, "flow");

      await broker.stop();
      await running.logged(/Lost Threat Bus/);
      await Promise.all([feed.stop(), watcher.stop()]);
      // It remembers nothing: what was published meanwhile is in the provider's hands.
      const again = await startBroker(venv, folder, ports);
      ends.unshift(() => again.stop());
      const late = startPeer(venv, ports.manage);
      ends.unshift(late.stop);
      await late.subscribe(["stix2/sighting"]);
      const provider = startPeer(venv, ports.manage);
      ends.unshift(provider.stop);
      await provider.subscribe(
        ["none"],
        0,
        numbers(COUNT + 1, COUNT + 201).map((number) => JSON.parse(threat(number))),
      );
      const missed = (await late.receive("sighting", 200)).map((body) => told(JSON.parse(body)));
      for (const number of numbers(COUNT + 1, COUNT + 201)) {
        assert.ok(missed.includes(`RETRO ${number} ${number}`), `${number}`);
      }
      assert.equal(await running.stop(), 0);
    } finally {
      for (const end of ends) await end();
      await Deno.remove(folder, { recursive: true });
    }
  },
});
