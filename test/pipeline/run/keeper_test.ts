import assert from "node:assert/strict";
import { createKeeper } from "../../../src/pipeline/run/keeper.ts";

/** A keeper whose flushes wait to be let go. */
function gated() {
  const flushes: PromiseWithResolvers<void>[] = [];
  const handed: number[] = [];
  const taking = { failure: undefined as Error | undefined };
  let asked = () => {}, failed = 0;
  const keeper = createKeeper<number>({
    flush() {
      const gate = Promise.withResolvers<void>();
      flushes.push(gate);
      asked();
      return gate.promise;
    },
    handOn(some) {
      if (taking.failure !== undefined) return Promise.reject(taking.failure);
      handed.push(...some);
      return Promise.resolve();
    },
    onFailed: () => failed++,
  });
  const next = async () => {
    while (flushes.length === 0) await new Promise<void>((resolve) => asked = resolve);
    return flushes.shift()!;
  };
  return { keeper, next, handed, taking, failures: () => failed };
}

Deno.test("createKeeper() takes more while a flush is under way, and hands on what is safe", async () => {
  const { keeper, next, handed } = gated();
  await keeper.add(128, [1]);
  const first = await next();
  await keeper.add(128, [2]);
  await keeper.add(128, [3]);
  assert.deepEqual(handed, []);
  first.resolve();
  const second = await next();
  assert.deepEqual(handed, [1]);
  second.resolve();
  await keeper.done();
  assert.deepEqual(handed, [1, 2, 3]);
});

Deno.test("createKeeper() holds back who adds while much is not safe", async () => {
  const { keeper, next, handed } = gated();
  await keeper.add(1, [0]);
  const first = await next();
  await keeper.add(1500, [1]);
  let isHeld = true;
  const adding = keeper.add(500, [2]).then(() => isHeld = false);
  await new Promise((resolve) => setTimeout(resolve));
  assert(isHeld);
  first.resolve();
  await adding;
  (await next()).resolve();
  await keeper.done();
  assert.deepEqual(handed, [0, 1, 2]);
});

Deno.test("createKeeper() tells at once that a flush failed, and whoever adds or ends", async () => {
  const { keeper, next, handed, failures } = gated();
  await keeper.add(1, [1]);
  const first = await next();
  await keeper.add(1999, []);
  const held = assert.rejects(keeper.add(1, [2]), /no disk/);
  first.reject(new Error("no disk"));
  await held;
  assert.equal(failures(), 1);
  const ended = assert.rejects(keeper.done(), /no disk/);
  (await next()).reject(new Error("still none"));
  await ended;
  assert.deepEqual(handed, []);
});

Deno.test("createKeeper() makes safe what nobody takes any more", async () => {
  const { keeper, next, handed, taking } = gated();
  await keeper.add(1, [1]);
  const first = await next();
  await keeper.add(1, [2]);
  taking.failure = new Error("stopped");
  first.resolve();
  const ended = assert.rejects(keeper.done(), /stopped/);
  (await next()).resolve();
  await ended;
  assert.deepEqual(handed, []);
});
