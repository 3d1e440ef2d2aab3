/** Hostile values through those sinks whose own tests don't look at them. */
import assert from "node:assert/strict";
import { parseSinkSpec } from "../../sinks/registry.ts";
import type { Match } from "../../src/engines/engine.ts";
import { loadFormat } from "../../src/formats/registry.ts";
import { plainIndicator } from "../../src/intel/synthesize.ts";
import { busSink } from "../../src/pipeline/run/bus_sink.ts";
import { startBus } from "../../src/threatbus/bus/bus.ts";
import { connectApp } from "../../src/threatbus/connect.ts";
import { withFolder } from "../engines/logs/hunting.ts";
import { delivery, HOSTILE } from "./deliveries.ts";

const never = new AbortController().signal;

/** A match on a hostile value in an event that is full of it. */
function matchOf(value: string, number: number): Match {
  const event = { timestamp: "2024-05-14T10:00:00.000000+0200", flow_id: number, [value]: value };
  const observable = { kind: "url", value: `http://evil.example/${value}` } as const;
  return {
    type: "RETRO",
    indicator: plainIndicator(observable, 0),
    observable,
    where: { source: value, line: 1, field: value },
    event: { bytes: new TextEncoder().encode(JSON.stringify(event)), value: event },
  };
}

Deno.test("stdout writes hostile bodies as they are, each on its line", async () => {
  const { stdout, code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", new URL("write_stdout.ts", import.meta.url).href, "hostile"],
    stdout: "piped",
    stderr: "inherit",
  }).output();
  assert.equal(code, 0);
  const lines = new TextDecoder().decode(stdout).trimEnd().split("\n");
  assert.deepEqual(lines.map((line) => JSON.parse(line).value), HOSTILE);
});

Deno.test("a person's own sink gets hostile values as they are", () =>
  withFolder(async (folder) => {
    const path = `${folder}/own.mjs`;
    await Deno.writeTextFile(
      path,
      `export const got = [];
       export const spec = { name: "own", summary: "", forms: [], guarantee: "at-most-once",
         confirms: "", examples: [], options: {} };
       export const open = async () => ({ async write(batch) { got.push(...batch); }, async close() {} });`,
    );
    const { module, options } = await parseSinkSpec(path);
    const sink = await module.open(options, { env: () => undefined }, never);
    const bytes = Uint8Array.of(0x22, 0xff, 0xfe, 0x22);
    const sent = [
      ...HOSTILE.map((value, n) => delivery(n, JSON.stringify({ value }), value)),
      delivery(HOSTILE.length, bytes),
    ];
    await sink.write(sent, never);
    await sink.close();
    const { got } = await import(`file://${path}`);
    assert.deepEqual(got, sent);
  }));

Deno.test("the bus carries hostile values inside sightings, none of them as another message", async () => {
  const life = new AbortController();
  const bus = await startBus({ managePort: 0, pubPort: 0, subPort: 0 }, life.signal);
  const join = (topics: readonly string[]) =>
    connectApp({
      endpoint: bus.endpoint,
      topics: [...topics],
      snapshotDays: 0,
    }, life.signal);
  const [app, other] = [join(["stix2/indicator"]), join(["stix2"])];
  try {
    await Promise.all([app.subscribed, other.subscribed]);
    const format = await loadFormat("sighting");
    const matches = HOSTILE.map(matchOf);
    const sink = busSink(app, never);
    await sink.write(matches.map((match, n) => ({ ...delivery(n, format.render(match)) })), never);
    await sink.close();
    const contexts: unknown[] = [];
    for await (const item of other.items()) {
      assert.equal(item.type, "sighting");
      if (item.type !== "sighting") break;
      contexts.push(item.sighting["x_threatbus_sighting_context"]);
      if (contexts.length === HOSTILE.length) break;
    }
    const expected = matches.map(({ event }) => JSON.parse(new TextDecoder().decode(event.bytes)));
    assert.deepEqual(contexts, expected);
  } finally {
    await Promise.all([app.close(), other.close()]);
    await bus.close();
    life.abort();
  }
});
