/**
 * The IoC set against the plainest thing that JavaScript offers, a `Set` of lines:
 * loading a list from disk, memory, and looking all values of an event up.
 *
 *     deno run -A bench/match/bench.ts [values, default 1,000,000]
 *
 * Each load runs in a process of its own, so that memory is its own.
 */
import { fileURLToPath } from "node:url";
import { createIndicatorSet } from "../../src/intel/indicator_set.ts";
import { fileInput, readIndicators } from "../../src/intel/readers/mod.ts";
import { makeEvents, makeList } from "./corpus.ts";

const RUNS = 5;

interface Load {
  readonly ms: number;
  readonly rssMb: number;
}

async function loadBridge(path: string): Promise<number> {
  const set = createIndicatorSet();
  await readIndicators(set, fileInput(path));
  return set.size;
}

async function loadPlain(path: string): Promise<number> {
  return new Set((await Deno.readTextFile(path)).split("\n")).size;
}

/** One load in this process; prints what it took as JSON. */
async function child(what: string, path: string): Promise<void> {
  const start = performance.now();
  const size = await (what === "bridge" ? loadBridge(path) : loadPlain(path));
  const ms = performance.now() - start;
  if (size < 2) throw new Error("Nothing was loaded");
  console.log(JSON.stringify({ ms, rssMb: Deno.memoryUsage().rss / 1e6 } satisfies Load));
}

async function measure(what: string, path: string): Promise<Load> {
  const loads: Load[] = [];
  for (let run = 0; run < RUNS; run++) {
    const { stdout, success } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "-A", fileURLToPath(import.meta.url), what, path],
      stderr: "inherit",
    }).output();
    if (!success) throw new Error(`Loading ${what} failed`);
    loads.push(JSON.parse(new TextDecoder().decode(stdout)));
  }
  return loads.toSorted((a, b) => a.ms - b.ms)[RUNS >> 1]!;
}

/** Events a second of `work`, the median of several rounds. */
function rate(events: readonly string[], work: (event: string) => void): number {
  const rates: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now();
    for (const event of events) work(event);
    rates.push(events.length / (performance.now() - start) * 1000);
  }
  return rates.toSorted((a, b) => a - b)[RUNS >> 1]!;
}

async function main(values: number): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/iocs.txt`;
    await Deno.writeTextFile(path, makeList(values));
    const [bridge, plain] = [await measure("bridge", path), await measure("plain", path)];
    const row = (name: string, { ms, rssMb }: Load) =>
      console.log(
        `${name.padEnd(28)} ${ms.toFixed(0).padStart(6)} ms ${rssMb.toFixed(0).padStart(6)} MB RSS`,
      );
    console.log(`${values} values, medians of ${RUNS}`);
    row("bridge: indicator set", bridge);
    row("peer: Set of lines", plain);
    console.log(`time ${(bridge.ms / plain.ms).toFixed(2)} x the peer's\n`);
    const set = createIndicatorSet();
    await readIndicators(set, fileInput(path));
    const events = makeEvents(20_000);
    const parsing = rate(events, (event) => JSON.parse(event));
    const crediting = rate(events, (event) => set.iocs.hits(JSON.parse(event)));
    console.log(`JSON.parse                   ${(parsing / 1e3).toFixed(0)} k events/s`);
    console.log(`JSON.parse + hits            ${(crediting / 1e3).toFixed(0)} k events/s`);
    console.log(
      `hits alone                   ${
        (1 / (1 / crediting - 1 / parsing) / 1e3).toFixed(0)
      } k events/s`,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const [what = "1000000", path] = Deno.args;
if (path !== undefined) await child(what, path);
else await main(Number(what));
