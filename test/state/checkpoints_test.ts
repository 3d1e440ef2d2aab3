import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { LogBounds } from "../../src/state/checkpoints.ts";
import { openExisting, type State } from "../../src/state/state.ts";
import { insert, numbers, openNumbers, withState } from "./numbers.ts";

const BOUNDS: LogBounds = { begin: 300_000, rest: 100_000, most: 1_000_000 };
const WRITER = new URL("number_writer.ts", import.meta.url).pathname;

/** Writes without a break; gives the largest size of the log and how often it began anew. */
async function writeMuch(state: State, folder: string, count: number) {
  const file = await Deno.open(`${folder}/bridge.db-wal`);
  let largest = 0, begun = 0, before = 0;
  // The log's salt is another each time it begins anew (SQLite's file format, 4.1).
  const salt = new DataView(new ArrayBuffer(4));
  const look = () => {
    largest = Math.max(largest, file.statSync().size);
    file.seekSync(16, Deno.SeekMode.Start);
    file.readSync(new Uint8Array(salt.buffer));
    if (salt.getUint32(0) !== before) begun++;
    before = salt.getUint32(0);
  };
  // Two at a time: one waits while the other is written.
  const write = async (from: number) => {
    for (let number = from; number < count; number += 2) {
      await insert(state, number, 20_000);
      look();
    }
  };
  await Promise.all([write(0), write(1)]);
  file.close();
  return { largest, begun };
}

Deno.test("a log under a writer without a break stays small, and others see no change", () =>
  withState({ bounds: BOUNDS }, async (state, folder) => {
    const version = state.db.prepare("PRAGMA data_version");
    const before = version.get();
    const { largest, begun } = await writeMuch(state, folder, 600);
    // And the transaction that passes the bound.
    assert(largest < BOUNDS.most + 100_000, `${largest} bytes`);
    assert(begun > 3, `${begun} times`);
    assert.deepEqual(version.get(), before);
    assert.deepEqual(numbers(state.db), [...Array(600).keys()]);
  }));

Deno.test("a small log needs no Worker", () => {
  const startWorker = () => assert.fail("started");
  return withState(
    { bounds: BOUNDS, startWorker },
    (state, folder) =>
      writeMuch(state, folder, 8).then(({ largest }) => assert(largest < BOUNDS.begin)),
  );
});

const broken = {
  "that can't be started": () => {
    throw new Error("no Worker today");
  },
  "that dies": () =>
    new Worker("data:text/javascript,onmessage=()=>{throw new Error('dead')}", { type: "module" }),
};
for (const [what, startWorker] of Object.entries(broken)) {
  Deno.test(`with a Worker ${what} SQLite's own checkpoints keep the log small`, () =>
    withState({ bounds: BOUNDS, startWorker }, async (state, folder) => {
      const { largest, begun } = await writeMuch(state, folder, 200);
      assert(largest < BOUNDS.begin + BOUNDS.most, `${largest} bytes`);
      assert(begun > 3, `${begun} times`);
      assert.deepEqual(numbers(state.db), [...Array(200).keys()]);
    }));
}

Deno.test("a reader in another process keeps the log from beginning anew, and nothing from being written", () =>
  withState({ bounds: BOUNDS }, async (state, folder) => {
    await insert(state, -1);
    const other = openExisting(folder);
    other.exec("BEGIN");
    assert.deepEqual(numbers(other), [-1]);
    const { begun } = await writeMuch(state, folder, 100);
    assert.equal(begun, 1);
    assert.deepEqual(numbers(other), [-1]);
    other.exec("COMMIT");
    const after = await writeMuch(state, folder, 100);
    assert(after.begun > 1);
    other.close();
  }));

Deno.test("close() leaves all in the database, and no log", async () => {
  const folder = await Deno.makeTempDir({ prefix: "bridge-state-" });
  const state = openNumbers(folder, { bounds: BOUNDS });
  await writeMuch(state, folder, 60);
  await state.close();
  const left = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  assert.deepEqual(left, ["bridge.db", "lock"]);
  const db = new DatabaseSync(`${folder}/bridge.db`);
  assert.equal(numbers(db).length, 60);
  db.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("what commit() had told of is there after kill -9 amid checkpoints", async () => {
  const folder = await Deno.makeTempDir({ prefix: "bridge-state-" });
  let next = 0;
  for (const lines of [30, 111, 250]) {
    const confirmed = await writeAndKill(folder, next, lines);
    const state = openNumbers(folder);
    const kept = numbers(state.db);
    assert.deepEqual(kept, [...kept.keys()]);
    assert(kept.length > confirmed, `${confirmed} of ${kept.length}`);
    assert.deepEqual({ ...state.db.prepare("PRAGMA integrity_check").get() }, {
      integrity_check: "ok",
    });
    await state.close();
    next = kept.length;
  }
  await Deno.remove(folder, { recursive: true });
});

/** Runs the writer until it has told so many times, kills it; gives the last number it told. */
async function writeAndKill(folder: string, from: number, lines: number): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", WRITER, folder, String(from)],
    stdout: "piped",
  }).spawn();
  let output = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    const before = output.split("\n").length;
    output += part;
    if (before <= lines && output.split("\n").length > lines) child.kill("SIGKILL");
  }
  await child.status;
  return Number(output.slice(0, output.lastIndexOf("\n")).split("\n").at(-1));
}
