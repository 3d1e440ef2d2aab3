import assert from "node:assert/strict";
import { createRandom } from "../chaos/random.ts";
import { STATE, SUBSCRIBED, withStage } from "./running.ts";

/** Indicators that come while logs grow and are rotated. */
const INDICATORS = 12;
/** Most times that logs grow for one of them. */
const MOST_STEPS = 200;
const domain = (number: number) => `bad-${number}.example`;

Deno.test("each event is reported once for an indicator that comes while logs grow and rotate", () =>
  withStage(async (stage) => {
    const random = createRandom(7);
    const expected: number[] = [];
    let event = 0, rotations = 0;
    const grow = (count: number) => {
      const names = Array.from({ length: count }, () => random.below(INDICATORS + 2));
      for (const name of names) {
        event++;
        if (name < INDICATORS) expected.push(event);
      }
      stage.grow(...names.map(domain));
    };
    grow(500);
    // What is found twice is reported twice.
    const run = stage.run({ dedup: false, retro_batch_delay: "1ms" });
    await run.said(SUBSCRIBED);
    await stage.holds(STATE.following, 1);
    for (let number = 0; number < INDICATORS; number++) {
      stage.publish(number, domain(number));
      // Until this one was hunted for: a few looks of the bus at its folder. With a bound, or on
      // a slow machine each hunt would have more logs to read than the one before.
      for (let step = 0; step < MOST_STEPS && stage.ask(STATE.hunted) <= number; step++) {
        grow(random.below(30));
        if (random.next() < 0.3) {
          Deno.renameSync(stage.log, `${stage.log}.${++rotations}`);
          Deno.writeTextFileSync(stage.log, "");
        }
        await new Promise((resolve) => setTimeout(resolve, random.below(60)));
      }
      await stage.holds(STATE.hunted, number + 1);
    }
    await stage.arrival(expected.length);
    run.kill("SIGTERM");
    assert.equal(await run.ended, 0);
    assert.deepEqual(stage.arrived().sort((a, b) => a - b), expected);
  }));
