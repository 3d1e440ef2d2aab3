import assert from "node:assert/strict";
import process from "node:process";
import { createRandom } from "../chaos/random.ts";
import { type Decoder, DECODERS, isRefusal } from "./decoders.ts";
import { mutate } from "./mutate.ts";

/** `deno test -A test/fuzz -- --cases 1000000 --seed 7`: cases over all decoders. */
function argument(name: string, fallback: number): number {
  const at = Deno.args.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(Deno.args[at + 1]);
}

/** Most CPU time for one case, ms; the clock would count what others on the machine take, too. */
const BUDGET = 250;
const TRIES = 5;

const cases = Math.ceil(argument("cases", 18_000) / Object.keys(DECODERS).length);
const seed = argument("seed", crypto.getRandomValues(new Uint32Array(1))[0]!);

for (const [name, decoder] of Object.entries(DECODERS)) {
  Deno.test(`${name}: no input crashes it or takes long`, () => {
    const random = createRandom(seed);
    const pool = [...decoder.seeds];
    let refused = 0;
    for (const good of pool) if (!reads(decoder, good)) throw new Error(`bad seed: ${show(good)}`);
    for (let number = 0; number < cases; number++) {
      const bytes = mutate(random.pick(pool), pool, decoder.tokens, random);
      if (!readsInTime(decoder, bytes, name)) refused++;
      // What is still good input leads to other good input.
      else if (pool.length < 200 && random.below(50) === 0) pool.push(bytes.slice(0, 2000));
    }
    console.log(`fuzz ${name}: ${cases} cases, ${refused} refused, --seed ${seed}`);
    assert(cases < 100 || refused < cases);
  });
}

/** Whether the decoder takes it; throws where it crashes. */
function reads(decoder: Decoder, bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch (error) {
    if (isRefusal(error)) return false;
    throw new Error(`crashed (seed ${seed}) on ${show(bytes)}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function readsInTime(decoder: Decoder, bytes: Uint8Array, name: string): boolean {
  for (let tries = 0; tries < TRIES; tries++) {
    const before = process.cpuUsage();
    const outcome = reads(decoder, bytes);
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1000 < BUDGET) return outcome;
  }
  throw new Error(`${name} took over ${BUDGET} ms (seed ${seed}) on ${show(bytes)}`);
}

function show(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  return `${bytes.length} bytes: ${JSON.stringify(text.slice(0, 600))}`;
}
