import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openState } from "../../src/state/state.ts";
import { type LogFile, openLogFile } from "../../src/state/log_file.ts";
import { insert, numbers, openNumbers, withState } from "./numbers.ts";

/** A log that is synced otherwise. */
function logWith(database: string, other: (log: LogFile) => Partial<LogFile>): LogFile {
  const log = openLogFile(database);
  return {
    sync: log.sync,
    rewrite: log.rewrite,
    close: log.close,
    ...other(log),
    get size() {
      return log.size;
    },
  };
}

/** A log whose syncs wait to be let go, or to fail. */
function gatedLog() {
  const waiting: PromiseWithResolvers<void>[] = [];
  let asked = () => {}, rewritten = 0;
  return {
    openLog(database: string): LogFile {
      return logWith(database, (log) => ({
        async sync() {
          const gate = Promise.withResolvers<void>();
          waiting.push(gate);
          asked();
          await gate.promise;
          await log.sync();
        },
        rewrite() {
          rewritten++;
          log.rewrite();
        },
      }));
    },
    /** The next sync, once it is asked for. */
    async next() {
      while (waiting.length === 0) await new Promise<void>((resolve) => asked = resolve);
      return waiting.shift()!;
    },
    get rewritten() {
      return rewritten;
    },
  };
}

Deno.test("commit() resolves when the log is on disk, not before; what comes meanwhile shares a sync", async () => {
  const log = gatedLog();
  await withState({ openLog: log.openLog }, async (state) => {
    const safe: number[] = [];
    const add = (number: number) => insert(state, number).then(() => safe.push(number));
    const first = add(1);
    let sync = await log.next();
    const rest = [2, 3, 4].map(add);
    assert.deepEqual(numbers(state.db), [1]);
    assert.deepEqual(safe, []);
    sync.resolve();
    await first;
    sync = await log.next();
    assert.deepEqual(numbers(state.db), [1, 2, 3, 4]);
    assert.deepEqual(safe, [1]);
    sync.resolve();
    await Promise.all(rest);
    assert.deepEqual(safe, [1, 2, 3, 4]);
  });
});

Deno.test("commit() takes nothing for safe over a sync that fails: the log is written anew first", async () => {
  const log = gatedLog();
  await withState({ openLog: log.openLog, retryDelay: 1 }, async (state) => {
    const safe: number[] = [];
    const first = insert(state, 1).then(() => safe.push(1));
    (await log.next()).reject(new Error("Input/output error (os error 5)"));
    const again = await log.next();
    assert.equal(log.rewritten, 1);
    assert(state.stuck);
    const second = insert(state, 2).then(() => safe.push(2));
    again.reject(new Error("No space left on device (os error 28)"));
    const last = await log.next();
    assert.equal(log.rewritten, 2);
    assert.deepEqual(safe, []);
    last.resolve();
    await first;
    assert(!state.stuck);
    (await log.next()).resolve();
    await second;
    assert.equal(log.rewritten, 2);
    assert.deepEqual(numbers(state.db), [1, 2]);
  });
});

Deno.test("close() refuses what a failing sync leaves open", async () => {
  const log = gatedLog();
  const folder = await Deno.makeTempDir({ prefix: "bridge-state-" });
  const state = openNumbers(folder, { openLog: log.openLog, retryDelay: 1e6 });
  const refused = assert.rejects(insert(state, 1), /The state can't be written: Input/);
  const sync = await log.next();
  const closed = state.close();
  sync.reject(new Error("Input/output error (os error 5)"));
  await refused;
  await closed;
  await Deno.remove(folder, { recursive: true });
});

Deno.test("what was committed is there after a power cut at any moment", async () => {
  const image = await Deno.makeTempDir({ prefix: "bridge-image-" });
  /** The disk: what is there of the files after the last sync. */
  const openLog = (database: string) =>
    logWith(database, (log) => ({
      async sync() {
        Deno.copyFileSync(`${database}-wal`, `${image}/bridge.db-wal`);
        Deno.copyFileSync(database, `${image}/bridge.db`);
        await log.sync();
      },
    }));
  await withState({ openLog, bounds: { begin: 1e6, rest: 1e5, most: 1e7 } }, async (state) => {
    // Enough for several checkpoints, each after some of these.
    for (let number = 0; number < 40; number++) {
      await insert(state, number, 400_000);
      const db = new DatabaseSync(`${image}/bridge.db`);
      assert.deepEqual(numbers(db), [...Array(number + 1).keys()]);
      assert.deepEqual(db.prepare("PRAGMA integrity_check").get(), {
        __proto__: null,
        integrity_check: "ok",
      });
      db.close();
    }
  });
  await Deno.remove(image, { recursive: true });
});

Deno.test("openState() leaves nothing open when it fails, whatever it fails at", async () => {
  const folder = await Deno.makeTempDir({ prefix: "bridge-state-" });
  let closed = 0;
  const openLog = (database: string) =>
    logWith(database, (log) => ({
      close() {
        closed++;
        log.close();
      },
    }));
  const wrong = () => {
    throw new Error("no such thing");
  };
  const bounds = {
    begin: 1e6,
    rest: 1e5,
    get most(): number {
      return wrong();
    },
  };
  for (const options of [{ openLog: wrong }, { openLog, bounds }]) {
    assert.throws(() => openState(folder, options), /Can't open the state: no such thing/);
  }
  assert.equal(closed, 1);
  await openNumbers(folder).close();
  // The last connection has taken the log with it.
  const left = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  assert.deepEqual(left, ["bridge.db", "lock"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("LogFile.rewrite() writes the log as it stands", async () => {
  await withState({}, async (state, folder) => {
    await insert(state, 1, 3_000_000);
    const path = `${folder}/bridge.db-wal`;
    const before = await Deno.readFile(path);
    const log = openLogFile(`${folder}/bridge.db`);
    log.rewrite();
    assert.equal(log.size, before.length);
    log.close();
    assert.deepEqual(await Deno.readFile(path), before);
  });
});
