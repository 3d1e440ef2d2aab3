/**
 * Crediting rows of VAST to 100,000 indicators: rows a second, for a stream of
 * which few rows are hits (live, whole layouts) and for answers of which (almost) all are,
 * beside the floor of the latter: decoding and parsing the rows and nothing else. "Matches" is
 * the way on to what a hunt delivers: no row twice, each indicator with its event.
 * `deno run -A bench/vast/crediting.ts`
 */
import { followCompounds } from "../../src/engines/logs/compounds.ts";
import { createAnswers } from "../../src/engines/vast/answer.ts";
import { createCrediting } from "../../src/engines/vast/credit.ts";
import { type Block, readBlocks } from "../../src/engines/vast/lines.ts";
import { createIndicatorSet } from "../../src/intel/indicator_set.ts";
import { plainIndicator } from "../../src/intel/synthesize.ts";
import { allEvents } from "../../test/recorded_node/mod.ts";
import { mixedObservables } from "./indicators.ts";

const ROUNDS = 8;
const set = createIndicatorSet();
for (const observable of mixedObservables(100_000)) set.put(plainIndicator(observable, 0));
const crediting = createCrediting(set, false);

/** Rows as they come through a pipe. */
async function blocksOf(rows: readonly Uint8Array[]): Promise<Block[]> {
  const bytes = Uint8Array.from(rows.flatMap((row) => [...row, 10]));
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += 65536) yield bytes.slice(at, at + 65536);
  }
  return await Array.fromAsync(readBlocks(chunks()));
}

/** The best of some rounds, rows a second; what `prepare` does is not counted. */
function best(rows: number, prepare: () => () => void): number {
  let best = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const work = prepare();
    const start = performance.now();
    work();
    best = Math.max(best, rows / (performance.now() - start) * 1000);
  }
  return best;
}

async function measure(
  what: string,
  rows: readonly Uint8Array[],
  begin: () => (block: Block) => number,
): Promise<number> {
  const blocks = await blocksOf(rows);
  let hits = 0;
  const speed = best(rows.length, () => {
    const take = begin();
    return () => {
      hits = 0;
      for (const block of blocks) hits += take(block);
    };
  });
  console.log(`${what}: ${shown(speed)} rows/s (${hits} hits in ${rows.length} rows)`);
  return speed;
}

const credit = () => (block: Block) => crediting.credit(block).credited.length;
const compounds = await followCompounds(set, "any", new AbortController().signal);
/** Each hunt has a filter of its own, which is made at its first block. */
const match = () => {
  const answer = createAnswers({ indicators: set, maxEvents: 0 }, compounds).begin();
  answer.take({ bytes: new Uint8Array(), cut: false });
  return (block: Block) => answer.take(block).length;
};

const shown = (speed: number) => Math.round(speed).toLocaleString("en");

const rows = await allEvents();
console.log(`${set.size} indicators, one thread, best of ${ROUNDS} rounds`);
await measure("stream", rows, credit);
// The same events, with an address of each among the indicators.
const decoder = new TextDecoder();
for (const row of rows) {
  const address = /"(?:id\.orig_h|orig_h|src_ip)": "([0-9.]+)"/.exec(decoder.decode(row))?.[1];
  if (address !== undefined) set.put(plainIndicator({ kind: "ipv4", value: address }, 0));
}
const answer = await measure("answer", rows, credit);
await measure("matches", rows, match);
const parse = () => rows.forEach((row) => JSON.parse(decoder.decode(row)));
const parsing = best(rows.length, () => parse);
const share = Math.round(answer / parsing * 100);
console.log(`parsing alone: ${shown(parsing)} rows/s; crediting is at ${share} % of that`);
