import assert from "node:assert/strict";
import { createLanes } from "../../../src/engines/vast/lanes.ts";
import { createLedger } from "../../../src/engines/vast/ledger.ts";
import { createPace } from "../../../src/engines/vast/pace.ts";

const never = new AbortController().signal;

Deno.test("createLanes() lets a few in, fewer after an overload, more after a streak", async () => {
  const lanes = createLanes(500);
  const leave = await Promise.all([1, 2, 3].map(() => lanes.enter(never)));
  let entered = false;
  const fourth = lanes.enter(never).then((leave) => (entered = true, leave));
  await Promise.resolve();
  assert.equal(entered, false);
  lanes.narrow();
  assert.equal(lanes.width, 1);
  leave[0]!();
  leave[1]!();
  leave[1]!();
  await Promise.resolve();
  assert.equal(entered, false);
  leave[2]!();
  (await fourth)();
  for (let i = 0; i < 8; i++) lanes.widen();
  assert.equal(lanes.width, 2);
  for (let i = 0; i < 200; i++) lanes.widen();
  assert.equal(lanes.width, 8);
});

Deno.test("createLanes() forgets who gave up waiting", async () => {
  const lanes = createLanes(1);
  const leave = await lanes.enter(never);
  const controller = new AbortController();
  const waiting = lanes.enter(controller.signal);
  controller.abort();
  await assert.rejects(waiting, { name: "AbortError" });
  leave();
  (await lanes.enter(never))();
});

Deno.test("createPace() goes down with slow answers and up again with quick ones", () => {
  const pace = createPace(10_000);
  assert.equal(pace.size, 5000);
  pace.took(5000, 24);
  assert.equal(pace.size, 1250);
  pace.took(100, 1);
  assert.equal(pace.size, 1250);
  pace.took(1250, 2);
  assert.equal(pace.size, 2500);
  pace.took(2500, 2);
  pace.took(5000, 2);
  pace.took(10_000, 2);
  assert.equal(pace.size, 10_000);
});

Deno.test("createLedger() counts identical rows of an answer and forgets none over answers", () => {
  const ledger = createLedger();
  const row = new TextEncoder().encode("{}");
  const first = ledger.answer();
  assert.deepEqual([first(1, row), first(1, row), first(2, row)], [true, true, true]);
  const again = ledger.answer();
  assert.deepEqual([again(1, row), again(1, row), again(1, row)], [false, false, true]);
});
