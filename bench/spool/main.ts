/**
 * What durability costs: the same deliveries through the queue in memory and
 * through the spool, each into a file, in one run.
 * `deno run -A bench/spool/main.ts [COUNT]`
 */
import { parseSinkSpec } from "../../sinks/registry.ts";
import { createMemoryQueue } from "../../src/delivery/memory_queue.ts";
import type { Queue, QueueItem } from "../../src/delivery/queue.ts";
import { openSpool } from "../../src/delivery/spool.ts";
import { deliverQueue } from "../../src/delivery/worker.ts";
import { openState } from "../../src/state/state.ts";

const count = Number(Deno.args[0] ?? 100_000);
const never = new AbortController().signal;
const body = new TextEncoder().encode(`{"event":"${"x".repeat(500)}"}`);
const folder = await Deno.makeTempDir();

function items(from: number, number: number): QueueItem[] {
  return Array.from({ length: number }, (_, at) => ({
    id: `00000000-0000-5000-8000-${String(from + at).padStart(12, "0")}`,
    ioc: "evil.example",
    matchType: "LIVE" as const,
    indicatorId: "indicator--00000000-0000-4000-8000-000000000001",
    bodies: [{ sink: "file", body }],
  }));
}

/** Deliveries a second through a queue, put in pieces of so many. */
async function rate(name: string, queue: Queue, piece: number): Promise<number> {
  const form = `file:${folder}/${name}-${piece}?fsync=${name === "spool"}`;
  const { module, options } = await parseSinkSpec(form);
  const sink = await module.open(options, { env: () => undefined }, never);
  const drain = new AbortController();
  const begun = performance.now();
  const working = deliverQueue(
    "file",
    sink,
    queue,
    { maxAttempts: 0, maxAge: 0 },
    drain.signal,
    never,
  );
  for (let at = 0; at < count; at += piece) await queue.put(items(at, piece), never);
  drain.abort();
  await working;
  await sink.close();
  return count / (performance.now() - begun) * 1000;
}

for (const piece of [100, 1000]) {
  const memory = await rate("memory", createMemoryQueue({ capacity: 10_000, dedup: true }), piece);
  const state = openState(`${folder}/state-${piece}`);
  const options = { maxSize: 1e9, whenFull: "block", dedup: true } as const;
  const spool = await rate("spool", openSpool(state, options), piece);
  await state.close();
  console.log(
    `pieces of ${piece}: memory ${Math.round(memory)}/s, spool with fsync ${
      Math.round(spool)
    }/s, ` +
      `ratio ${(memory / spool).toFixed(1)}`,
  );
}
await Deno.remove(folder, { recursive: true });
