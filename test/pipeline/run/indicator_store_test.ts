import assert from "node:assert/strict";
import { validityOf } from "../../../src/intel/filter.ts";
import type { Indicator } from "../../../src/intel/indicator.ts";
import { createIndicatorSet } from "../../../src/intel/indicator_set.ts";
import type { OwnIndicatorSet } from "../../../src/intel/own_indicator_set.ts";
import type { JsonObject } from "../../../src/json.ts";
import { createMetrics } from "../../../src/metrics/metrics.ts";
import {
  type HuntedVersion,
  openIndicatorStore,
} from "../../../src/pipeline/run/indicator_store.ts";
import { positionStore } from "../../../src/pipeline/run/positions.ts";
import { takeIn } from "../../../src/pipeline/run/intake.ts";
import { openState, type State } from "../../../src/state/state.ts";
import type { Item } from "../../../src/threatbus/messages.ts";
import { withFolder } from "../../delivery/items.ts";
import { arrival, indicator } from "./indicators.ts";

const never = new AbortController().signal;

/** Takes items in, closes the state, and gives what a new start finds. */
async function restarted(folder: string, items: readonly Item[]): Promise<OwnIndicatorSet> {
  let state = openState(folder);
  const store = openIndicatorStore(state);
  await takeIn(
    (async function* () {
      await Promise.resolve();
      yield items;
    })(),
    {
      set: createIndicatorSet({ documents: store.documents }),
      store,
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

/** A store with its set, and these in them. */
async function openWith(state: State, ...indicators: readonly Indicator[]) {
  const store = openIndicatorStore(state);
  const set = createIndicatorSet({ documents: store.documents });
  store.restore(set);
  for (const one of indicators) set.put(one);
  await store.flush();
  return { store, set };
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
    const set = createIndicatorSet({ documents: store.documents });
    store.restore(set);
    const isHunted = () => [...set.handles()].map((handle) => store.heldAs(handle).hunted);
    const taken = (indicator: Indicator) => {
      set.put(indicator);
      return { handle: set.handleOf(indicator.id)!, revision: store.revision };
    };
    const one = taken(first);
    await store.flush();
    const other = taken(second);
    await store.done([other]);
    assert.deepEqual(isHunted(), [false], "what is on disk is the first");
    await store.flush();
    await store.done([one]);
    assert.deepEqual(isHunted(), [false]);
    await store.done([other]);
    assert.deepEqual(isHunted(), [true]);
    taken(indicator(1, "a.example", 2));
    assert.deepEqual(isHunted(), [false], "not even while it is not on disk");
    await store.done([taken(indicator(1, "b.example", 2))]);
    await store.flush();
    await store.done([taken(indicator(1, "b.example", 2))]);
    assert.deepEqual(isHunted(), [true]);
    const same = taken(indicator(1, "b.example", 3));
    await store.flush();
    assert.deepEqual(isHunted(), [true]);
    // Removed and back: its id is the same.
    set.remove(first.id);
    const back = taken(indicator(1, "c.example", 1));
    await store.flush();
    await store.done([same]);
    assert.deepEqual(isHunted(), [false]);
    await store.done([back]);
    assert.deepEqual(isHunted(), [true]);
    await state.close();
  }));

Deno.test("done() keeps what was searched by generations, and few of them", () =>
  withFolder(async (folder) => {
    const extent = (offset: number) => ({
      identity: "1:2",
      path: "/eve.json",
      offset,
      fingerprint: "f",
      fingerprintBytes: 1,
    });
    const count = 200;
    const all = Array.from({ length: count }, (_, n) => indicator(n, `a${n}.example`));
    let state = openState(folder);
    let { store, set } = await openWith(state, ...all);
    for (const [n, one] of all.entries()) {
      await store.done([{ handle: set.handleOf(one.id)!, revision: store.revision }], [extent(n)]);
    }
    await state.close();
    state = openState(folder);
    ({ store, set } = await openWith(state));
    const held = [...store.held(true)].flat();
    assert(held.every(({ hunted, left }) => hunted && !left));
    // Never more than what was searched; neighbours share a generation.
    for (const [n, { before }] of held.entries()) assert(before!.searched![0]!.offset <= n);
    assert(new Set(held.map(({ before }) => before)).size <= 64);
    assert.equal(held.at(-1)!.before!.searched![0]!.offset, count - 1);
    // The same pattern in a new version was searched; another pattern, or one that the
    // filters leave out, was not.
    set.put(indicator(0, "a0.example", 2));
    set.put(indicator(1, "b.example", 2));
    set.put(indicator(2, "a2.example", 2, { revoked: true }));
    await store.flush();
    await store.reopen([set.handleOf(all[3]!.id)!]);
    assert.deepEqual(all.slice(0, 5).map(({ id }) => store.heldAs(set.handleOf(id)!).hunted), [
      true,
      false,
      false,
      false,
      true,
    ]);
    await state.close();
  }));

Deno.test("followedNoMore() makes a generation of where live matching stood", () =>
  withFolder(async (folder) => {
    const state = openState(folder);
    const position = {
      identity: "1:2",
      path: "/eve.json",
      offset: 7,
      fingerprint: "f",
      fingerprintBytes: 1,
    };
    await positionStore(state).save([position]);
    const one = indicator(1, "a.example");
    const { store, set } = await openWith(state, one);
    await store.done([{ handle: set.handleOf(one.id)!, revision: store.revision }]);
    const handle = set.handleOf(one.id)!;
    assert.equal(store.heldAs(handle).before, undefined);
    await store.followedNoMore();
    assert.deepEqual(store.heldAs(handle).before, { searched: [position] });
    assert.equal(await positionStore(state).load(), undefined);
    await state.close();
  }));

Deno.test("endless changes leave no more on disk than what is held", () =>
  withFolder(async (folder) => {
    let state = openState(folder);
    let { store, set } = await openWith(state);
    const size = () =>
      state.db.prepare(`
        SELECT (SELECT count(*) FROM indicators) AS rows,
          (SELECT sum(length(packed)) FROM versions) AS packed,
          (SELECT count(*) FROM versions) + (SELECT count(*) FROM hunted) AS blocks`).get()!;
    const count = 300;
    let before: ReturnType<typeof size> | undefined;
    for (let round = 1; round <= 40; round++) {
      const came: HuntedVersion[] = [];
      for (let n = 0; n < count; n++) {
        // Some are edited, some come again under a new handle, some have the same pattern.
        const one = indicator(n, `${n}-${n % 3 === 0 ? 1 : round % 10}.example`, round);
        if (n % 5 === 0) set.remove(one.id);
        set.put(one);
        came.push({ handle: set.handleOf(one.id)!, revision: store.revision });
      }
      await store.flush();
      await store.done(came);
      if (round % 20 > 0) continue;
      await state.close();
      state = openState(folder);
      ({ store, set } = await openWith(state));
      assert.equal(set.size, count);
      const now = size();
      assert.equal(now["rows"], count);
      assert.equal(now["packed"], before?.["packed"] ?? now["packed"]);
      // What is looked for again after it was removed has one of the 4096 handles that rest, or its next.
      assert(Number(now["blocks"]) <= 2 * (240 / 32 + 1 + 60), `${now["blocks"]} blocks`);
      before = now;
    }
    await state.close();
  }));

Deno.test("openIndicatorStore() takes over the table that earlier versions made", () =>
  withFolder(async (folder) => {
    let state = openState(folder);
    state.db.exec(`
      CREATE TABLE indicators (
        id TEXT PRIMARY KEY, stix TEXT NOT NULL, hunted INTEGER NOT NULL DEFAULT 0
      ) WITHOUT ROWID`);
    const insert = state.db.prepare("INSERT INTO indicators VALUES (?, ?, ?)");
    for (const [number, hunted] of [[1, 1], [2, 0]] as const) {
      const { id, stix } = indicator(number, `${number}.example`);
      insert.run(id, JSON.stringify(stix), hunted);
    }
    for (let start = 0; start < 2; start++) {
      const store = openIndicatorStore(state);
      const set = createIndicatorSet({ documents: store.documents });
      assert.equal(store.restore(set), 2);
      assert(set.iocs.has("1.example"));
      const past = [1, 2].map((number) => store.heldAs(set.handleOf(indicator(number, "").id)!));
      assert.deepEqual(past.map(({ hunted, left }) => [hunted, left]), [[true, false], [
        false,
        true,
      ]]);
      await state.close();
      state = openState(folder);
    }
    await state.close();
  }));

Deno.test("openIndicatorStore() takes over the table that had a column for each time", () =>
  withFolder(async (folder) => {
    let state = openState(folder);
    state.db.exec(`
      CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
      INSERT INTO facts VALUES ('indicators_form', 1);
      CREATE TABLE generations (id INTEGER PRIMARY KEY, extents TEXT NOT NULL);
      CREATE TABLE indicators (
        handle INTEGER PRIMARY KEY, id TEXT NOT NULL, modified REAL NOT NULL,
        valid_from REAL NOT NULL, valid_until REAL NOT NULL, revoked INTEGER NOT NULL,
        points TEXT NOT NULL, hunted INTEGER NOT NULL, stix TEXT NOT NULL
      );
      CREATE INDEX indicators_by_generation ON indicators (hunted) WHERE hunted > 1`);
    const extent = {
      identity: "1:2",
      path: "/a",
      offset: 7,
      fingerprint: "f",
      fingerprintBytes: 1,
    };
    state.db.prepare("INSERT INTO generations VALUES (5, ?)").run(JSON.stringify([extent]));
    const insert = state.db.prepare("INSERT INTO indicators VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    const add = (handle: number, hunted: number, points: string, more: JsonObject = {}) => {
      const { id, stix: object } = indicator(handle, `${handle}.example`, 1, more);
      const { modified, from, until, revoked } = validityOf(object);
      const times = [modified, from, until, Number(revoked)];
      insert.run(handle, id, ...times, points, hunted, JSON.stringify(object));
    };
    add(0, 1, "domain 0.example");
    add(1, 5, "domain 1.example");
    // As one that had begun to be hunted for; handles between were removed.
    add(70, -1.7e15, "domain 70.example");
    add(300, 1, "domain 300.example", { revoked: true });
    add(301, -1.7e15, "", { pattern: "[domain-name:value LIKE '%.301.example']" });
    const two = "domain 302.example\nurl http://302.example/a b";
    const either = "domain-name:value = '302.example' OR url:value = 'http://302.example/a b'";
    add(302, 1, two, { pattern: `[${either}]` });
    for (let start = 0; start < 2; start++) {
      const store = openIndicatorStore(state);
      const set = createIndicatorSet({ documents: store.documents });
      assert.equal(store.restore(set), 5);
      for (const handle of [0, 1, 70, 302]) assert(set.iocs.has(`${handle}.example`));
      assert(set.iocs.has("http://302.example/a b"));
      assert.deepEqual([...set.compounds], [301]);
      assert.equal(set.put(indicator(300, "300.example", 0)).type, "ignored");
      assert.equal(set.get(302).id, indicator(302, "").id);
      const left = { hunted: false, left: true, before: undefined };
      const done = { hunted: true, left: false, before: undefined };
      assert.deepEqual([...store.held(true)].flat(), [
        { handle: 0, ...done },
        { handle: 1, ...done, before: { searched: [extent] } },
        { handle: 70, ...left },
        { handle: 300, ...done },
        { handle: 301, ...left },
        { handle: 302, ...done },
      ]);
      await state.close();
      state = openState(folder);
    }
    await state.close();
  }));
