import assert from "node:assert/strict";
import { createGatherer } from "../../src/pipeline/gather.ts";

const never = new AbortController().signal;

Deno.test("createGatherer() hands out full batches at once, in order", async () => {
  const gatherer = createGatherer<number>({ size: 3, delay: 3_600_000 });
  for (let item = 0; item < 6; item++) await gatherer.push([item], never);
  const batches = gatherer.batches(never)[Symbol.asyncIterator]();
  assert.deepEqual((await batches.next()).value, [0, 1, 2]);
  assert.deepEqual((await batches.next()).value, [3, 4, 5]);
  await batches.return!();
});

Deno.test("createGatherer() hands out an unfilled batch when its time is over", async () => {
  const gatherer = createGatherer<number>({ size: 100, delay: 1 });
  const batches = gatherer.batches(never)[Symbol.asyncIterator]();
  const first = batches.next();
  await gatherer.push([7], never);
  assert.deepEqual((await first).value, [7]);
  await batches.return!();
});

Deno.test("createGatherer() holds back who pushes into a full queue until there is room", async () => {
  const gatherer = createGatherer<number>({ size: 1, delay: 0, capacity: 1 });
  await gatherer.push([1], never);
  let pushed = false;
  const others = gatherer.push([2, 3], never).then(() => pushed = true);
  await Promise.resolve();
  assert.equal(pushed, false);
  const batches = gatherer.batches(never)[Symbol.asyncIterator]();
  assert.deepEqual((await batches.next()).value, [1]);
  assert.deepEqual((await batches.next()).value, [2]);
  await others;
  assert.deepEqual((await batches.next()).value, [3]);
  await batches.return!();
});

Deno.test("createGatherer() gives out the rest after end() and ends on abort", async () => {
  const gatherer = createGatherer<number>({ size: 10, delay: 3_600_000 });
  await gatherer.push([1], never);
  gatherer.end();
  assert.deepEqual(await Array.fromAsync(gatherer.batches(never)), [[1]]);
  const stop = new AbortController();
  const idle = Array.fromAsync(createGatherer<number>({ size: 1, delay: 0 }).batches(stop.signal));
  stop.abort();
  assert.deepEqual(await idle, []);
});
