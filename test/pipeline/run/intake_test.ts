import assert from "node:assert/strict";
import { createIndicatorSet } from "../../../src/intel/indicator_set.ts";
import { createMetrics } from "../../../src/metrics/metrics.ts";
import { type FreshIndicator, takeIn } from "../../../src/pipeline/run/intake.ts";
import { decodeDelivery, type Item } from "../../../src/threatbus/messages.ts";
import { indicator } from "../../cli/run_process.ts";
import { utf8 } from "../../intel/received.ts";

/** Hands batches to a set of its own; gives what is to be hunted for. */
async function hunted(...batches: readonly Item[][]): Promise<FreshIndicator[]> {
  const fresh: FreshIndicator[] = [];
  await takeIn(
    (async function* () {
      await Promise.resolve();
      yield* batches;
    })(),
    {
      set: createIndicatorSet(),
      store: undefined,
      metrics: createMetrics(),
      hunt: (some) => Promise.resolve(void fresh.push(...some)),
    },
    new AbortController().signal,
  );
  return fresh;
}

const stixOf = (number: number) => indicator(number, `[domain-name:value = '${number}.example']`);

/** Indicators as they are read to one buffer. */
function read(from: number, to: number): { readonly items: Item[]; readonly buffer: Uint8Array } {
  const buffer = new Uint8Array(1 << 17);
  const items: Item[] = [];
  for (let number = from, at = 0; number < to; number++) {
    const message = utf8(`tindicator ${JSON.stringify(stixOf(number))}`);
    buffer.set(message, at);
    items.push(decodeDelivery(buffer.subarray(at, at += message.length), "t"));
  }
  return { items, buffer };
}

Deno.test("takeIn() hands on the few that are new without all that was read with them", async () => {
  const { items, buffer } = read(0, 101);
  const fresh = await hunted(read(0, 100).items, items);
  assert.equal(fresh.length, 101);
  const { bytes, points, id, pattern, stix } = fresh[100]!.indicator;
  assert.ok(bytes!.buffer.byteLength < 1000);
  buffer.fill(0);
  const expected = stixOf(100);
  assert.deepEqual([id, pattern, stix], [expected["id"], expected["pattern"], expected]);
  const values = points.map(({ kind, value }) => ({ kind, value }));
  assert.deepEqual(values, [{ kind: "domain", value: "100.example" }]);
});
