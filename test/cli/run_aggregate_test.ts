import assert from "node:assert/strict";
import { until } from "../chaos/processes.ts";
import { crash, STATE, SUBSCRIBED, withStage } from "./running.ts";

interface Told {
  readonly id: string;
  readonly count: number;
  readonly first_seen: string;
}

Deno.test("hits of an open window survive kill -9 and are told as one at SIGTERM", () =>
  withStage(async (stage) => {
    const told = `${stage.folder}/sightings.json`;
    const settings = {
      retro_match: false,
      aggregate: { window: "1h" },
      sinks: [`file:${stage.hits}`, { sink: `file:${told}`, format: "sighting" }],
    };
    // Events of this moment: their window stays open for longer than the test takes.
    const at = () => new Date().toISOString();
    const grow = (count: number) => {
      for (let index = 0; index < count; index++) stage.growAt(at(), "bad.example");
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
    await until(() => Deno.statSync(told).size > 0, 5000, () => second.log);
    const sightings = Deno.readTextFileSync(told).trimEnd().split("\n")
      .map((line) => JSON.parse(line) as Told);
    // Two where the test runs over a full hour.
    assert.equal(new Set(sightings.map(({ id }) => id)).size, sightings.length);
    assert.ok(sightings.length <= 2);
    assert.equal(sightings.reduce((sum, { count }) => sum + count, 0), 5);
  }));
