import assert from "node:assert/strict";
import { openSpool, type SpoolOptions } from "../../src/delivery/spool.ts";
import { openState } from "../../src/state/state.ts";
import { item, text, withFolder } from "../delivery/items.ts";
import { bridge } from "./bridge.ts";

const never = new AbortController().signal;
const OPTIONS: SpoolOptions = { maxSize: 1e6, whenFull: "block", dedup: true };

/** A state in which sink `a` gave up 1 and 2, and 3 waits for `b`. */
async function withDead(use: (folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const state = openState(folder);
    const spool = openSpool(state, OPTIONS);
    await spool.put([item(1, "a"), item(2, "a"), item(3, "b")], never);
    await spool.bury("a", spool.peek("a", 0, 10), "refused\u001b[31m by the receiver");
    await state.close();
    await use(folder);
  });
}

Deno.test("bridge spool list shows what waits and what was given up, safely", () =>
  withDead(async (folder) => {
    const { stdout, code } = await bridge(["spool", "list", "--state-dir", folder]);
    assert.equal(code, 0);
    assert.match(stdout, /^a: 0 waiting, 2 given up$/m);
    assert.match(stdout, /^b: 1 waiting, 0 given up$/m);
    assert.match(stdout, /example\.com .*refused/);
    assert(!stdout.includes("\u001b"));
    const json = await bridge(["spool", "list", "--json", "--state-dir", folder]);
    const letters = json.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(letters.map(({ sink, body }) => [sink, body]), [["a", "a 1"], ["a", "a 2"]]);
  }));

Deno.test("bridge spool retry puts back, drop forgets, and neither does so by accident", () =>
  withDead(async (folder) => {
    const run = (...args: string[]) => bridge(["spool", ...args, "--state-dir", folder]);
    assert.equal((await run("drop")).code, 2);
    assert.equal((await run("retry", "999")).code, 1);
    const [first] = (await run("list", "--json")).stdout.split("\n").map((line) =>
      line && JSON.parse(line)
    );
    assert.equal((await run("retry", String(first.seq))).stdout, "1 put back\n");
    assert.equal((await run("drop", "--sink", "a")).stdout, "1 dropped\n");
    const state = openState(folder);
    const spool = openSpool(state, OPTIONS);
    assert.deepEqual(spool.peek("a", 0, 10).map(({ body }) => text(body)), ["a 1"]);
    assert.deepEqual(spool.sinks().map(({ dead }) => dead), [0, 0]);
    await state.close();
  }));

Deno.test("bridge spool retry reaches a bridge that is running", () =>
  withDead(async (folder) => {
    const state = openState(folder);
    const spool = openSpool(state, OPTIONS);
    const waiting = (async () => {
      // An arrival may come without reason, too.
      while (spool.waiting("a") < 2) await spool.arrival(never);
    })();
    assert.equal((await bridge(["spool", "retry", "--all", "--state-dir", folder])).code, 0);
    await waiting;
    await spool.remove("a", spool.peek("a", 0, 10));
    assert.equal(spool.waiting("a"), 0);
    await state.close();
  }));

Deno.test("bridge spool says where no spool is", async () => {
  const { stderr, code } = await bridge(["spool", "list", "--state-dir", "/nonexistent"]);
  assert.equal(code, 2);
  assert.match(stderr, /There is no spool here/);
});
