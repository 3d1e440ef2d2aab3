import assert from "node:assert/strict";
import type { Match } from "../../src/engines/engine.ts";
import { openSpool } from "../../src/delivery/spool.ts";
import { createReport } from "../../src/pipeline/report.ts";
import { openState } from "../../src/state/state.ts";
import { withFolder } from "../delivery/items.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function match(number: number): Match {
  return {
    type: "LIVE",
    indicator: { id: "indicator--1", pattern: "[a:b = 'c']" },
    event: { bytes: bytes(String(number)) },
  } as unknown as Match;
}

Deno.test("createReport() fills a small spool that blocks, and no more", () =>
  withFolder(async (folder) => {
    const state = openState(folder);
    const queue = openSpool(state, { maxSize: 8000, whenFull: "block", dedup: true });
    const end = new AbortController();
    const format = { render: () => new Uint8Array(100) };
    const report = createReport(
      {
        targets: () => [{ label: "s", format }] as never,
        queue,
        parallel: 1,
      } as Parameters<typeof createReport>[0],
    );
    // One batch of matching, larger than the spool.
    const reporting = report(Array.from({ length: 200 }, (_, n) => match(n)), end.signal);
    while (queue.size < 7000) await queue.arrival(end.signal);
    let done = false;
    reporting.catch(() => done = true);
    // A look at the spool later it has taken all that fits, and waits.
    await queue.arrival(AbortSignal.timeout(50));
    assert.ok(!done && queue.size > 7000 && queue.size <= 8000, `${queue.size}`);
    end.abort(new Error("enough"));
    await assert.rejects(reporting, /enough/);
    await state.close();
  }));
