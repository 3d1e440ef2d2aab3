/**
 * What durability costs: matches a second from `put` to a sink's confirmation, with
 * the spool and without, as `bridge run` does it (batches of 1,000, or matches one at a
 * time from so many at once), and how many disk syncs a second the disk stands.
 *
 *   deno run -A bench/spool/main.ts [--matches 100000] [--rounds 3] [--folder /var/tmp]
 */
import type { Sink } from "../../sinks/sink.ts";
import { createMemoryQueue } from "../../src/delivery/memory_queue.ts";
import type { Queue, QueueItem } from "../../src/delivery/queue.ts";
import { openSpool } from "../../src/delivery/spool.ts";
import { deliverQueue } from "../../src/delivery/worker.ts";
import { openState } from "../../src/state/state.ts";

const argument = (name: string, fallback: string) => {
  const at = Deno.args.indexOf(`--${name}`);
  return at < 0 ? fallback : Deno.args[at + 1]!;
};
const matches = Number(argument("matches", "100000"));
const rounds = Number(argument("rounds", "3"));
const folder = Deno.makeTempDirSync({ dir: argument("folder", "/var/tmp") });
const never = new AbortController().signal;
/** As long as an EVE event usually is. */
const body = new TextEncoder().encode(JSON.stringify({ flow_id: 1, note: "x".repeat(600) }));
const sink: Sink = { write: () => Promise.resolve(), close: () => Promise.resolve() };

function item(number: number): QueueItem {
  return {
    id: `00000000-0000-5000-8000-${number.toString(16).padStart(12, "0")}`,
    ioc: "bad.example",
    matchType: "LIVE",
    indicatorId: "indicator--00000000-0000-4000-8000-000000000001",
    bodies: [{ sink: "s", body }],
  };
}

/** Matches a second, from the first `put` until the sink has confirmed all. */
async function measure(queue: Queue, batch: number, producers: number, count: number) {
  const drain = new AbortController();
  const options = { maxAttempts: 0, maxAge: 0 };
  const working = deliverQueue("s", sink, queue, options, drain.signal, never);
  const before = performance.now();
  let next = 0;
  const produce = async () => {
    while (next < count) {
      const from = next;
      next = Math.min(count, next + batch);
      await queue.put(Array.from({ length: next - from }, (_, at) => item(from + at)), never);
    }
  };
  await Promise.all(Array.from({ length: producers }, produce));
  drain.abort();
  await working;
  return count / ((performance.now() - before) / 1000);
}

/** Writes of 4 KiB with fsync a second: what single commits could reach at most. */
function syncsPerSecond(): number {
  using file = Deno.openSync(`${folder}/sync`, { create: true, write: true });
  const page = new Uint8Array(4096);
  const before = performance.now();
  let count = 0;
  for (; performance.now() - before < 1000; count++) {
    file.writeSync(page);
    file.syncDataSync();
  }
  return count;
}

const cases = [
  { name: "batches of 1,000", batch: 1000, producers: 1, count: matches },
  { name: "single ones, 64 at once", batch: 1, producers: 64, count: matches / 5 },
  { name: "one after the other", batch: 1, producers: 1, count: Math.min(2000, matches / 50) },
];
const best = cases.map(() => ({ memory: 0, spool: 0 }));
let syncs = 0;
// Interleaved, and the best of each: what else the machine does hits all alike.
for (let round = 0; round < rounds; round++) {
  syncs = Math.max(syncs, syncsPerSecond());
  for (const [at, { batch, producers, count }] of cases.entries()) {
    const queue = createMemoryQueue({ capacity: 10_000, dedup: true });
    const memory = await measure(queue, batch, producers, count);
    const state = openState(`${folder}/${round}-${at}`);
    const spool = openSpool(state, { maxSize: 1 << 30, whenFull: "block", dedup: true });
    const kept = await measure(spool, batch, producers, count);
    await state.close();
    best[at] = {
      memory: Math.max(best[at]!.memory, memory),
      spool: Math.max(best[at]!.spool, kept),
    };
  }
}
Deno.removeSync(folder, { recursive: true });

console.log(
  `${navigator.hardwareConcurrency} cores, load ${Deno.loadavg()[0]!.toFixed(1)}, ` +
    `${grouped(syncs)} syncs/s, best of ${rounds} rounds\n`,
);
console.log(
  "| matches come | in memory, a second | spooled, a second | durability costs a match |",
);
console.log("| --- | --- | --- | --- |");
for (const [at, { memory, spool }] of best.entries()) {
  const cost = (1 / spool - 1 / memory) * 1e6;
  console.log(
    `| ${cases[at]!.name} | ${grouped(memory)} | ${grouped(spool)} | ${grouped(cost)} µs |`,
  );
}

/** A number with two significant digits, thousands apart. */
function grouped(number: number): string {
  return Number(number.toPrecision(2)).toLocaleString("en-US");
}
