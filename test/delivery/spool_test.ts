import assert from "node:assert/strict";
import { openSpool, type SpoolOptions } from "../../src/delivery/spool.ts";
import { openExisting, openState } from "../../src/state/state.ts";
import { item, text, withFolder } from "./items.ts";

const never = new AbortController().signal;
const OPTIONS: SpoolOptions = { maxSize: 1e6, whenFull: "block", dedup: true };

Deno.test("openSpool() keeps what waits over a restart, each sink for itself", () =>
  withFolder(async (folder) => {
    let state = openState(folder);
    let spool = openSpool(state, OPTIONS);
    await spool.put([item(1, "a", "b"), item(2, "a")], never);
    await spool.remove("a", spool.peek("a", 0, 1));
    await state.close();
    state = openState(folder);
    spool = openSpool(state, OPTIONS);
    assert.deepEqual(spool.peek("a", 0, 10).map(({ body }) => text(body)), ["a 2"]);
    assert.deepEqual(spool.peek("b", 0, 10).map(({ body }) => text(body)), ["b 1"]);
    assert.equal(spool.waiting("a"), 1);
    await state.close();
  }));

Deno.test("put() queues the same id once, also after a restart and after delivery", () =>
  withFolder(async (folder) => {
    let state = openState(folder);
    let spool = openSpool(state, OPTIONS);
    assert.equal(await spool.put([item(1, "a"), item(1, "a"), item(2, "a")], never), 2);
    await spool.remove("a", spool.peek("a", 0, 10));
    await state.close();
    state = openState(folder);
    spool = openSpool(state, OPTIONS);
    assert.equal(await spool.put([item(1, "a"), item(3, "a")], never), 1);
    await state.close();
  }));

Deno.test("put() waits while the spool is full, and for its signal", () =>
  withFolder(async (folder) => {
    const state = openState(folder);
    const spool = openSpool(state, { ...OPTIONS, maxSize: 5 });
    await spool.put([item(1, "a")], never);
    const stop = new AbortController();
    const stopped = spool.put([item(2, "a")], stop.signal);
    stop.abort(new Error("enough"));
    await assert.rejects(stopped, /enough/);
    const put = spool.put([item(3, "a")], never);
    await spool.remove("a", spool.peek("a", 0, 1));
    assert.equal(await put, 1);
    await state.close();
  }));

Deno.test("put() with drop-oldest makes room and counts", () =>
  withFolder(async (folder) => {
    const state = openState(folder);
    const spool = openSpool(state, { ...OPTIONS, maxSize: 7, whenFull: "drop-oldest" });
    await spool.put([item(1, "a"), item(2, "a")], never);
    await spool.put([item(3, "a")], never);
    assert.deepEqual(
      spool.peek("a", 0, 10).map(({ body }) => text(body)),
      ["a 2", "a 3"].slice(-2),
    );
    assert.equal(spool.dropped, 1);
    await state.close();
  }));

Deno.test("bury() keeps dead letters with their error", () =>
  withFolder(async (folder) => {
    const state = openState(folder);
    const spool = openSpool(state, OPTIONS);
    await spool.put([item(1, "a")], never);
    await spool.bury("a", spool.peek("a", 0, 1), "no such host");
    assert.deepEqual(spool.sinks(), [{ sink: "a", waiting: 0, dead: 1 }]);
    assert.equal(spool.waiting("a"), 0);
    await state.close();
  }));

Deno.test("peek() gives what waits in order, whether from memory or from the disk", () =>
  withFolder(async (folder) => {
    const state = openState(folder);
    const spool = openSpool(state, { ...OPTIONS, maxSize: 1e9 });
    const bodies = (after = 0) => spool.peek("a", after, 1000).map(({ body }) => text(body));
    const range = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, n) => item(from + n, "a", "b"));
    const texts = (from: number, to: number) =>
      range(from, to).map(({ id }) => `a ${+id.slice(-9)}`);
    await spool.put(range(0, 70), never);
    assert.deepEqual(bodies(), texts(0, 70));
    const [first, ...rest] = spool.peek("a", 0, 1000);
    // A hole in the middle, and the beginning.
    await spool.remove("a", [first!, ...rest.slice(0, 9), ...rest.slice(39, 49)]);
    assert.deepEqual(bodies(), [...texts(10, 40), ...texts(50, 70)]);
    assert.deepEqual(bodies(rest[58]!.seq), texts(60, 70));
    // After a failure the disk knows more than the memory.
    await spool.failed("a", spool.peek("a", 0, 1));
    await spool.put(range(70, 75), never);
    assert.deepEqual(bodies(), [...texts(10, 40), ...texts(50, 75)]);
    assert.equal(spool.peek("a", 0, 1)[0]!.attempts, 1);
    assert.equal(spool.waiting("a"), 55);
    assert.equal(spool.waiting("b"), 75);
    await state.close();
  }));

Deno.test("peek() sees at once what another process put back, and counts what it took", () =>
  withFolder(async (folder) => {
    const state = openState(folder);
    const spool = openSpool(state, OPTIONS);
    await spool.put([item(1, "a"), item(2, "a"), item(3, "a")], never);
    const before = spool.peek("a", 0, 10);
    const other = openExisting(folder);
    other.exec("DELETE FROM spool WHERE body = CAST('a 2' AS BLOB)");
    other.exec(`INSERT INTO spool (sink, id, body, ioc, match_type, indicator_id, queued_at)
      VALUES ('a', 'x', CAST('again' AS BLOB), '', 'LIVE', '', 0)`);
    other.close();
    assert.deepEqual(
      spool.peek("a", 0, 10).map(({ body }) => text(body)),
      ["a 1", "a 3", "again"],
    );
    await spool.remove("a", before);
    assert.equal(spool.waiting("a"), 1);
    assert.equal(spool.size, "again".length);
    await state.close();
  }));

Deno.test("openState() lets only one process in, and the next after that one is gone", () =>
  withFolder(async (folder) => {
    const state = openState(folder);
    assert.throws(() => openState(folder), /Another bridge uses this state directory/);
    await state.close();
    await openState(folder).close();
  }));

Deno.test("openState() keeps the directory and files to their owner", {
  ignore: Deno.build.os === "windows",
}, () =>
  withFolder(async (folder) => {
    const state = openState(folder);
    openSpool(state, OPTIONS);
    assert.equal((await Deno.stat(folder)).mode! & 0o777, 0o700);
    for await (const { name } of Deno.readDir(folder)) {
      assert.equal((await Deno.stat(`${folder}/${name}`)).mode! & 0o077, 0, name);
    }
    await state.close();
  }));

Deno.test("commit() undoes a job that throws, alone", () =>
  withFolder(async (folder) => {
    const state = openState(folder);
    state.db.exec("CREATE TABLE t (a)");
    const good = state.commit(() => state.db.exec("INSERT INTO t VALUES (1)"));
    const bad = state.commit(() => {
      state.db.exec("INSERT INTO t VALUES (2)");
      throw new Error("changed my mind");
    });
    await good;
    await assert.rejects(bad, /changed my mind/);
    assert.deepEqual(state.db.prepare("SELECT a FROM t").all().map((row) => row["a"]), [1]);
    await state.close();
  }));
