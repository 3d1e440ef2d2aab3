import assert from "node:assert/strict";
import { crash, huntedWhere, type Stage, STATE, SUBSCRIBED, withStage } from "./running.ts";

/** Whatever is found is reported: what is searched twice shows. */
const EACH_TIME = { dedup: false };

const isHunted = (version: number) => huntedWhere(`stix LIKE '%14T22:13:2${version}%'`);

/** Ends a run as a service manager would. */
async function stop(process: ReturnType<Stage["run"]>): Promise<void> {
  process.kill("SIGTERM");
  assert.equal(await process.ended, 0);
}

Deno.test("without live matching a restart searches only what the logs got since", () =>
  withStage(async (stage) => {
    const retroOnly = { ...EACH_TIME, live_match: false };
    stage.grow("bad.example", "worse.example");
    stage.publish(1, "bad.example");
    const first = stage.run(retroOnly);
    await stage.arrival(1);
    await stage.holds(STATE.hunted, 1);
    stage.publish(2, "worse.example");
    await stage.arrival(2);
    await stage.holds(STATE.hunted, 2);
    // What is still noted as to be delivered would be delivered again.
    await stage.holds(STATE.waiting, 0);
    await crash(first);
    stage.grow("bad.example", "worse.example");
    Deno.renameSync(stage.log, `${stage.log}.1`);
    stage.grow("worse.example");
    await stop(
      await (async () => {
        const second = stage.run(retroOnly);
        await stage.arrival(5);
        await stage.holds("SELECT count(*) FROM generations", 1);
        return second;
      })(),
    );
    const third = stage.run(retroOnly);
    stage.publish(3, "none.example");
    await stage.holds(STATE.hunted, 3);
    await stop(third);
    assert.deepEqual(stage.arrived().sort(), [1, 2, 3, 4, 5]);
  }));

Deno.test("with live matching a restart searches no log again, nor does a version that looks for the same", () =>
  withStage(async (stage) => {
    stage.grow("bad.example");
    stage.publish(1, "bad.example", 1);
    const first = stage.run(EACH_TIME);
    await stage.arrival(1);
    await stage.holds(STATE.hunted, 1);
    stage.publish(1, "bad.example", 2);
    await stage.holds(isHunted(2), 1);
    await stop(first);
    stage.grow("bad.example");
    const second = stage.run(EACH_TIME);
    await second.said(SUBSCRIBED);
    await stage.arrival(2);
    // Another pattern is another question; it comes after all else that is hunted for.
    stage.grow("new.example");
    stage.publish(1, "new.example", 3);
    await stage.arrival(3);
    await stage.holds(isHunted(3), 1);
    await stop(second);
    assert.deepEqual(stage.arrived(), [1, 2, 3]);
  }));

Deno.test("what came between hunts without live matching and its beginning is searched once", () =>
  withStage(async (stage) => {
    stage.grow("bad.example");
    stage.publish(1, "bad.example");
    const first = stage.run({ ...EACH_TIME, live_match: false });
    await stage.arrival(1);
    await stage.holds(STATE.hunted, 1);
    await stop(first);
    stage.grow("bad.example");
    const second = stage.run(EACH_TIME);
    await stage.arrival(2);
    await stage.holds("SELECT count(*) FROM generations", 0);
    stage.grow("bad.example");
    await stage.arrival(3);
    await stop(second);
    // And back again.
    stage.grow("bad.example");
    const third = stage.run({ ...EACH_TIME, live_match: false });
    await stage.arrival(4);
    await stop(third);
    assert.deepEqual(stage.arrived(), [1, 2, 3, 4]);
  }));
