import assert from "node:assert/strict";
import { connectApp } from "../../src/threatbus/connect.ts";
import { until } from "../chaos/processes.ts";
import { crash, STATE, SUBSCRIBED, withStage } from "./running.ts";

/** An event's time an hour ahead: its window is open for longer than that, whatever the clock shows. */
const soon = () => new Date(Date.now() + 3_600_000).toISOString();

Deno.test("hits of an open window survive kill -9 and are told as one at SIGTERM", () =>
  withStage(async (stage) => {
    const told = `${stage.folder}/sightings.json`;
    const settings = {
      retro_match: false,
      aggregate: { window: "1h" },
      sinks: [`file:${stage.hits}`, { sink: `file:${told}`, format: "sighting" }],
    };
    const at = soon();
    const grow = (count: number) => {
      for (let index = 0; index < count; index++) stage.growAt(at, "bad.example");
    };
    stage.publish(1, "bad.example");
    const first = stage.run(settings);
    await first.said(SUBSCRIBED);
    await stage.holds(STATE.held, 1);
    await stage.holds(STATE.following, 1);
    grow(3);
    await stage.arrival(3);
    await crash(first);
    grow(2);
    const second = stage.run(settings);
    await stage.arrival(5);
    second.kill("SIGTERM");
    assert.equal(await second.ended, 0);
    const counts = Deno.readTextFileSync(told).trimEnd().split("\n")
      .map((line) => JSON.parse(line).count);
    assert.deepEqual(counts, [5]);
  }));

Deno.test("the bus gets one sighting for many hits, also of a window that is open at SIGTERM", () =>
  withStage(async (stage) => {
    const life = new AbortController();
    const listener = connectApp({
      endpoint: stage.bus.endpoint,
      topics: ["stix2/sighting"],
      snapshotDays: 0,
    }, life.signal);
    await listener.subscribed;
    const counts: number[] = [];
    const listening = (async () => {
      for await (const item of listener.items()) {
        if (item.type === "sighting") counts.push(Number(item.sighting["count"]));
      }
    })();
    try {
      stage.publish(1, "bad.example");
      const run = stage.run({ retro_match: false, report: "both", aggregate: { window: "1d" } });
      await run.said(SUBSCRIBED);
      await stage.holds(STATE.held, 1);
      await stage.holds(STATE.following, 1);
      stage.growAt(soon(), ...new Array(20).fill("bad.example"));
      await stage.arrival(20);
      assert.deepEqual(counts, []);
      run.kill("SIGTERM");
      assert.equal(await run.ended, 0);
      await until(() => counts.length > 0, 60_000, () => run.log);
      assert.deepEqual(counts, [20]);
    } finally {
      await listener.close();
      await listening;
    }
  }));
