import assert from "node:assert/strict";
import { type Sink, SinkError } from "../../../sinks/sink.ts";
import type { Queue } from "../../../src/delivery/queue.ts";
import { openSpool, type SpoolOptions } from "../../../src/delivery/spool.ts";
import { loadFormat } from "../../../src/formats/registry.ts";
import { createMetrics } from "../../../src/metrics/metrics.ts";
import { type Channel, createLanes } from "../../../src/pipeline/run/lanes.ts";
import { openState } from "../../../src/state/state.ts";
import { item, withFolder } from "../../delivery/items.ts";

const never = new AbortController().signal;
const format = await loadFormat("context");

/** A sink that takes all, or nothing while it is dead. */
function sinkOf(label: string, state: { dead: boolean }): Channel & { readonly got: string[] } {
  const got: string[] = [];
  const sink: Sink = {
    write(batch) {
      if (state.dead) throw new SinkError("dead", { undelivered: batch, retryAfter: 1 });
      got.push(...batch.map(({ id }) => id));
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  return { label, format, sink, got };
}

/** A spool with one healthy sink and one that may be dead, both being delivered to. */
async function withLanes(
  options: Partial<SpoolOptions>,
  use: (parts: {
    queue: ReturnType<typeof openSpool>;
    healthy: ReturnType<typeof sinkOf>;
    sick: ReturnType<typeof sinkOf>;
    temper: { dead: boolean };
  }) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const state = openState(folder);
    const queue = openSpool(state, {
      maxSize: 20_000,
      whenFull: "block",
      dedup: false,
      ...options,
    });
    const temper = { dead: true };
    const healthy = sinkOf("healthy", { dead: false }), sick = sinkOf("sick", temper);
    const drain = new AbortController(), end = new AbortController();
    const lanes = createLanes(
      {
        queue,
        metrics: createMetrics(),
        maxAttempts: 0,
        maxAge: 0,
        onFailed: (error) => {
          throw error;
        },
      },
      drain.signal,
      end.signal,
    );
    lanes.follow({ current: [healthy, sick] });
    try {
      await use({ queue, healthy, sick, temper });
    } finally {
      end.abort();
      await lanes.ended();
      await state.close();
    }
  });
}

/** As a match that goes to both; bodies of some ten bytes. */
const both = (number: number) => item(number, "healthy", "sick");

/** Puts so many in batches, as matching does. */
async function fill(queue: Queue, from: number, to: number, signal = never): Promise<void> {
  for (let next = from; next < to; next += 100) {
    const batch = Array.from({ length: Math.min(100, to - next) }, (_, at) => both(next + at));
    await queue.put(batch, signal);
  }
}

Deno.test("drop-oldest drops for the dead sink alone, within max_size, and counts", () =>
  withLanes({ whenFull: "drop-oldest" }, async ({ queue, healthy, sick, temper }) => {
    let largest = 0;
    for (let from = 0; from < 20_000; from += 100) {
      await fill(queue, from, from + 100);
      largest = Math.max(largest, queue.size);
    }
    assert(largest <= 20_000 + 4000, `${largest} bytes`);
    while (queue.waiting("healthy") > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(new Set(healthy.got).size, 20_000);
    const kept = queue.waiting("sick");
    assert(kept > 500);
    assert.equal(queue.dropped, 20_000 - kept);
    temper.dead = false;
    while (queue.waiting("sick") > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    // What was kept are the newest.
    assert.deepEqual(new Set(sick.got), new Set(healthy.got.slice(-kept)));
  }));

Deno.test("block holds matching back while a dead sink fills the spool; others get what is in it", () =>
  withLanes({ whenFull: "block" }, async ({ queue, healthy, sick, temper }) => {
    let done = false;
    const filling = fill(queue, 0, 5000).then(() => done = true);
    while (healthy.got.length === 0 || queue.waiting("healthy") > 0 || queue.size < 18_000) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert(!done);
    assert.equal(queue.dropped, 0);
    assert.equal(healthy.got.length, queue.waiting("sick"));
    temper.dead = false;
    await filling;
    while (queue.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual([new Set(healthy.got).size, new Set(sick.got).size], [5000, 5000]);
  }));

Deno.test("dead letters are bounded: beyond max_size the oldest go", () =>
  withFolder(async (folder) => {
    const state = openState(folder);
    const queue = openSpool(state, { maxSize: 1000, whenFull: "block", dedup: false });
    for (let from = 0; from < 1000; from += 50) {
      await queue.put(Array.from({ length: 50 }, (_, at) => item(from + at, "a")), never);
      await queue.bury("a", queue.peek("a", 0, 50), "refused");
    }
    const rows = state.db.prepare("SELECT id FROM dead ORDER BY seq").all();
    assert(rows.length > 50 && rows.length < 250, `${rows.length}`);
    assert.equal(rows.at(-1)!["id"], item(999, "a").id);
    assert.equal(queue.dropped, 1000 - rows.length);
    await state.close();
  }));

Deno.test("a lane reads no more at once than memory stands", () =>
  withFolder(async (folder) => {
    const state = openState(folder);
    const queue = openSpool(state, { maxSize: 1 << 30, whenFull: "block", dedup: false });
    const body = new Uint8Array(3 << 20);
    for (let number = 0; number < 6; number++) {
      await queue.put([{ ...item(number, "a"), bodies: [{ sink: "a", body }] }], never);
    }
    assert.equal(queue.peek("a", 0, 500).length, 2);
    const huge = new Uint8Array(12 << 20);
    await queue.remove("a", queue.peek("a", 0, 500));
    await queue.put([{ ...item(9, "b"), bodies: [{ sink: "b", body: huge }] }], never);
    assert.equal(queue.peek("b", 0, 500).length, 1);
    await state.close();
  }));
