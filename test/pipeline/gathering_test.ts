import assert from "node:assert/strict";
import type { Match } from "../../src/engines/engine.ts";
import { loadFormat } from "../../src/formats/registry.ts";
import { createGathering } from "../../src/pipeline/gathering.ts";
import { windowDelivery } from "../../src/pipeline/outlets.ts";
import { indicator } from "./run/indicators.ts";

const encoder = new TextEncoder(), decoder = new TextDecoder();

function match(which: number, at: number, observed: boolean): Match {
  const value = { timestamp: new Date(at).toISOString(), flow_id: at };
  return {
    type: "RETRO",
    indicator: indicator(which, `${which}.example`),
    ...(observed ? { observable: { kind: "domain", value: `${which}.example` } } : {}),
    where: { source: "eve.json" },
    event: { bytes: encoder.encode(JSON.stringify(value)), value },
  };
}

async function told(inMemory: number, matches: readonly Match[]) {
  const format = await loadFormat("sighting");
  const gathering = createGathering(3600_000, inMemory);
  for (let at = 0; at < matches.length; at += 7) await gathering.add(matches.slice(at, at + 7));
  const deliveries = [];
  for await (const page of gathering.drain()) {
    for (const tally of page) deliveries.push(windowDelivery(tally, format));
  }
  return deliveries.map(({ body, ...delivery }) => {
    const { created: _, modified: __, ...sighting } = JSON.parse(decoder.decode(body));
    return { ...delivery, sighting };
  });
}

Deno.test("createGathering() tells the same of windows in memory and on disk", async () => {
  const start = Date.parse("2024-05-14T10:00:00Z");
  const matches = Array.from(
    { length: 2000 },
    (_, n) => match(n % 13, start + ((n * 7919) % 50_000) * 1000, n % 3 > 0),
  );
  const inMemory = await told(1e6, matches);
  assert.equal(inMemory.reduce((sum, { sighting }) => sum + sighting.count, 0), 2000);
  assert.deepEqual(await told(20, matches), inMemory);
  assert.deepEqual(await told(20, []), []);
});
