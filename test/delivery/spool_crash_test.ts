import assert from "node:assert/strict";
import { listDead } from "../../src/delivery/dead_letters.ts";
import { openSpool, type SpoolOptions } from "../../src/delivery/spool.ts";
import { openState } from "../../src/state/state.ts";
import { item, text, withFolder } from "./items.ts";

const never = new AbortController().signal;
const OPTIONS: SpoolOptions = { maxSize: 1e9, whenFull: "block", dedup: true };
const WRITER = new URL("spool_writer.ts", import.meta.url).pathname;

/** Runs the writer until it has confirmed at least so many lines, kills it -9, returns the last confirmed number. */
async function writeAndKill(folder: string, from: number, lines: number): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", WRITER, folder, String(from)],
    stdout: "piped",
  }).spawn();
  let output = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    output += part;
    if (output.split("\n").length > lines) {
      try {
        child.kill("SIGKILL");
      } catch { /* killed by the part before */ }
    }
  }
  await child.status;
  return Number(output.slice(0, output.lastIndexOf("\n")).split("\n").at(-1));
}

Deno.test("the spool has everything that was confirmed after kill -9, once", () =>
  withFolder(async (folder) => {
    let next = 0;
    for (const lines of [1, 20, 75]) {
      const confirmed = await writeAndKill(folder, next, lines);
      assert(confirmed >= next);
      const state = openState(folder);
      const spool = openSpool(state, OPTIONS);
      const kept = [
        ...spool.peek("a", 0, 1e6).map(({ body }) => text(body)),
        ...[...listDead(state.db, {})].map(({ body }) => text(body)),
      ];
      assert.equal(new Set(kept).size, kept.length);
      for (let number = 0; number <= confirmed; number++) {
        assert(kept.includes(`a ${number}`), `${number} of ${confirmed} is lost`);
      }
      assert.equal(spool.waiting("a"), spool.peek("a", 0, 1e6).length);
      await state.close();
      next = confirmed + 1;
    }
  }));

Deno.test("the spool waits while the disk is full and goes on when there is room", () =>
  withFolder(async (folder) => {
    const state = openState(folder, { retryDelay: 5 });
    const spool = openSpool(state, OPTIONS);
    await spool.put([item(1, "a")], never);
    const pages = Number(state.db.prepare("PRAGMA page_count").get()!["page_count"]);
    // SQLite's own limit gives the very error of a full disk (SQLITE_FULL).
    state.db.exec(`PRAGMA max_page_count = ${pages}`);
    const big = { ...item(2, "a"), bodies: [{ sink: "a", body: new Uint8Array(100_000) }] };
    let safe = false;
    const putting = spool.put([big], never).then(() => safe = true);
    while (!state.stuck) await new Promise((resolve) => setTimeout(resolve, 1));
    assert(!safe);
    assert.equal(spool.peek("a", 0, 10).length, 1);
    state.db.exec("PRAGMA max_page_count = 1000000");
    await putting;
    assert(!state.stuck);
    assert.equal(spool.peek("a", 0, 10).length, 2);
    await state.close();
  }));
