import assert from "node:assert/strict";
import { createIndicatorSet, type OwnIndicatorSet } from "../../../src/intel/indicator_set.ts";
import { createMetrics } from "../../../src/metrics/metrics.ts";
import { openIndicatorStore } from "../../../src/pipeline/run/indicator_store.ts";
import { takeIn } from "../../../src/pipeline/run/intake.ts";
import { openState } from "../../../src/state/state.ts";
import type { Item } from "../../../src/threatbus/messages.ts";
import { withFolder } from "../../delivery/items.ts";
import { arrival, indicator } from "./indicators.ts";

const never = new AbortController().signal;

/** Takes items in, closes the state, and gives what a new start finds. */
async function restarted(folder: string, items: readonly Item[]): Promise<OwnIndicatorSet> {
  let state = openState(folder);
  await takeIn(
    (async function* () {
      await Promise.resolve();
      yield items;
    })(),
    {
      set: createIndicatorSet(),
      store: openIndicatorStore(state),
      metrics: createMetrics(),
      hunt: () => Promise.resolve(),
    },
    never,
  );
  await state.close();
  state = openState(folder);
  const set = createIndicatorSet();
  openIndicatorStore(state).restore(set);
  await state.close();
  return set;
}

Deno.test("openIndicatorStore() brings indicators back with their versions", () =>
  withFolder(async (folder) => {
    const set = await restarted(folder, [
      arrival(1, "old.example", 1),
      arrival(1, "new.example", 3),
      arrival(1, "between.example", 2),
      arrival(2, "two.example", 1),
    ]);
    assert.equal(set.size, 2);
    assert(set.iocs.has("new.example"));
    assert(!set.iocs.has("old.example"));
    assert.equal(set.put(indicator(1, "between.example", 2)).type, "ignored");
  }));

Deno.test("a revoked indicator does not come back with a restart, nor in an older version", () =>
  withFolder(async (folder) => {
    const set = await restarted(folder, [
      arrival(1, "a.example", 1),
      arrival(1, "a.example", 2, { revoked: true }),
    ]);
    assert.equal(set.size, 0);
    assert.equal(set.put(indicator(1, "a.example", 1)).type, "ignored");
    assert.equal(set.size, 0);
  }));

Deno.test("an indicator that becomes valid later is remembered until then", () =>
  withFolder(async (folder) => {
    const later = new Date(Date.now() + 3_600_000).toISOString();
    const set = await restarted(folder, [arrival(1, "a.example", 1, { valid_from: later })]);
    assert.equal(set.size, 0);
    assert.equal(set.nextTick, Date.parse(later));
  }));

Deno.test("a removed indicator is gone after a restart, whatever the case of its id", () =>
  withFolder(async (folder) => {
    const added = arrival(1, "a.example") as Item & { id: string };
    const removal = { ...added, update: "REMOVE", id: added.id.toUpperCase() } as Item;
    assert.equal((await restarted(folder, [added, removal])).size, 0);
  }));

Deno.test("done() leaves a version that came during the hunt to be hunted for", () =>
  withFolder(async (folder) => {
    const state = openState(folder);
    const store = openIndicatorStore(state);
    const [first, second] = [indicator(1, "a.example", 1), indicator(1, "b.example", 2)];
    await store.take([{ type: "version", indicator: first, isLookedFor: true }]);
    await store.take([{ type: "version", indicator: second, isLookedFor: true }]);
    await store.done([first]);
    assert.deepEqual([...store.held()].map(({ hunted }) => hunted), [false]);
    await store.done([second]);
    assert.deepEqual([...store.held()].map(({ hunted }) => hunted), [true]);
    await state.close();
  }));
