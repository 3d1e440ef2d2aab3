import assert from "node:assert/strict";
import type { Engine, RetroHooks } from "../../../src/engines/engine.ts";
import { lossTroubles } from "../../../src/engines/logs/losses.ts";
import { createIndicatorSet } from "../../../src/intel/indicator_set.ts";
import { createMetrics } from "../../../src/metrics/metrics.ts";
import { liveLoop } from "../../../src/pipeline/run/live_loop.ts";

Deno.test("lossTroubles() tells what was lost since the last time, each kind by itself", () => {
  assert.deepEqual(lossTroubles({ dropped: 0, exhausted: 0 }), []);
  const since = lossTroubles({ dropped: 5, exhausted: 3 }, { dropped: 1, exhausted: 3 });
  assert.deepEqual(since.map(({ loss, count, unread }) => [loss, count, unread]), [
    ["let-go", 4, true],
  ]);
  const all = lossTroubles({ dropped: 5, exhausted: 3 });
  assert.deepEqual(all.map(({ loss, count }) => [loss, count]), [["let-go", 5], ["given-up", 3]]);
});

Deno.test("liveLoop() counts what compound patterns lost", async () => {
  const stop = new AbortController();
  const metrics = createMetrics();
  const engine = {
    // deno-lint-ignore require-yield
    async *live(_indicators: unknown, _signal: unknown, hooks: RetroHooks) {
      for (const trouble of lossTroubles({ dropped: 7, exhausted: 2 })) hooks.trouble?.(trouble);
      await Promise.resolve();
      stop.abort();
    },
  } as unknown as Engine;
  const report = () => Promise.resolve();
  await liveLoop({ engine, indicators: createIndicatorSet(), metrics, report }, stop.signal);
  const { text } = await metrics.exposition();
  assert.match(text, /^bridge_pattern_losses_total\{reason="let-go"\} 7$/m);
  assert.match(text, /^bridge_pattern_losses_total\{reason="given-up"\} 2$/m);
});
