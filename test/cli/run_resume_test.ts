import assert from "node:assert/strict";
import { listDead } from "../../src/delivery/dead_letters.ts";
import { openExisting } from "../../src/state/state.ts";
import { until } from "../chaos/processes.ts";
import { freePorts } from "../free_ports.ts";
import { countEvents, startReceiver } from "../chaos/receivers.ts";
import { crash, huntedWhere, STATE, SUBSCRIBED, withStage } from "./running.ts";

Deno.test("after kill -9 live matching goes on where it stood, also over a rotation", () =>
  withStage(async (stage) => {
    stage.publish(1, "bad.example");
    stage.grow("other.example");
    const first = stage.run({ retro_match: false });
    await first.said(SUBSCRIBED);
    await stage.holds(STATE.held, 1);
    await stage.holds(STATE.following, 1);
    stage.grow("bad.example");
    await stage.arrival(1);
    await stage.holds(STATE.waiting, 0);
    await crash(first);
    stage.grow("bad.example", "other.example");
    Deno.renameSync(stage.log, `${stage.log}.1`);
    stage.grow("bad.example");
    stage.run({ retro_match: false });
    await stage.arrival(3);
    assert.deepEqual(stage.arrived().sort(), [2, 3, 5]);
  }));

Deno.test("a log that appears while nobody runs is read from its start", () =>
  withStage(async (stage) => {
    stage.publish(1, "bad.example");
    const first = stage.run({ retro_match: false });
    await first.said(SUBSCRIBED);
    await stage.holds(STATE.held, 1);
    await stage.holds(STATE.following, 1);
    await crash(first);
    stage.grow("bad.example");
    stage.run({ retro_match: false });
    await stage.arrival(1);
  }));

Deno.test("after kill -9 the indicators are there without the bus, in their last version", () =>
  withStage(async (stage) => {
    stage.publish(1, "old.example", 1);
    const first = stage.run({ retro_match: false });
    await first.said(SUBSCRIBED);
    await stage.holds(STATE.held, 1);
    stage.publish(1, "new.example", 2);
    await stage.holds("SELECT count(*) FROM indicators WHERE stix LIKE '%new.example%'", 1);
    await crash(first);
    await stage.closeBus();
    const second = stage.run({ retro_match: false });
    await second.said(/1 indicators from before/);
    stage.grow("old.example", "new.example", "old.example");
    await stage.arrival(1);
    assert.deepEqual(stage.arrived(), [2]);
  }));

Deno.test("after kill -9 what was reported is not reported again", () =>
  withStage(async (stage) => {
    stage.grow("bad.example");
    stage.publish(1, "bad.example", 1);
    const first = stage.run({ live_match: false });
    await stage.holds(STATE.hunted, 1);
    await stage.arrival(1);
    await stage.holds(STATE.waiting, 0);
    await crash(first);
    // A new version makes the past to be searched again.
    stage.publish(1, "bad.example", 2);
    stage.grow("bad.example");
    stage.run({ live_match: false });
    await stage.arrival(2);
    await stage.holds(huntedWhere("stix LIKE '%14T22:13:22%'"), 1);
    assert.deepEqual(stage.arrived(), [1, 2]);
  }));

Deno.test("after kill -9 the spool is delivered, though the telemetry is gone", () =>
  withStage(async (stage) => {
    const [port] = freePorts(1);
    const sinks = [`http://127.0.0.1:${port}/#payload=lines`];
    stage.grow("bad.example", "bad.example");
    stage.publish(1, "bad.example");
    const first = stage.run({ sinks });
    await stage.holds(STATE.waiting, 2);
    await crash(first);
    Deno.removeSync(stage.log);
    const receiver = startReceiver(port!);
    try {
      stage.run({ sinks });
      await until(() => receiver.got.size === 2, 60_000, "2 deliveries");
    } finally {
      await receiver.close();
    }
  }));

Deno.test("after kill -9 retro work that was not done is done", () =>
  withStage(async (stage) => {
    stage.grow("bad.example");
    stage.publish(1, "bad.example");
    const first = stage.run({ retro_batch_delay: "1h", live_match: false });
    await stage.holds(STATE.held, 1);
    assert.equal(stage.ask(STATE.hunted), 0);
    await crash(first);
    await stage.closeBus();
    stage.run({ live_match: false });
    await stage.arrival(1);
    await stage.holds(STATE.hunted, 1);
  }));

Deno.test("a match that a sink refuses for good waits as a dead letter, others go on", () =>
  withStage(async (stage) => {
    const got = new Map<number, number>();
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async (request) => {
        const text = await request.text();
        if (text.includes('"flow_id":2')) return new Response("", { status: 422 });
        countEvents(text, got);
        return new Response();
      },
    );
    try {
      stage.grow("bad.example", "bad.example", "bad.example");
      stage.publish(1, "bad.example");
      stage.run({ sinks: [`http://127.0.0.1:${server.addr.port}/#payload=lines`] });
      await until(() => got.size === 2, 60_000, "2 deliveries");
      await stage.holds(STATE.dead, 1);
      const db = openExisting(`${stage.folder}/state`);
      assert.match([...listDead(db, {})][0]!.error, /422/);
      db.close();
    } finally {
      await server.shutdown();
    }
  }));
