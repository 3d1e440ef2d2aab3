import assert from "node:assert/strict";
import { startBus } from "../../src/threatbus/bus/bus.ts";
import { bridge } from "./bridge.ts";
import { flow, indicator, join } from "./run_process.ts";

/** A bus with a history of four indicators of which two can be looked for, and a log. */
async function withHistory(body: (endpoint: string, folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "bridge-test-" });
  const objects = [
    indicator(1, "[ipv4-addr:value = '203.0.113.1']"),
    indicator(2, "[domain-name:value = 'nowhere.example']"),
    indicator(3, "[ipv4-addr:value = '203.0.113.2']", { revoked: true }),
    indicator(4, "alert ip any", { pattern_type: "snort" }),
  ];
  await Deno.writeTextFile(
    `${folder}/intel.json`,
    JSON.stringify({ type: "bundle", id: `bundle--${crypto.randomUUID()}`, objects }),
  );
  await Deno.writeTextFile(`${folder}/eve.json`, flow(1, "203.0.113.1") + flow(2, "203.0.113.2"));
  const bus = await startBus(
    { managePort: 0, pubPort: 0, subPort: 0, intel: [`${folder}/intel.json`] },
    new AbortController().signal,
  );
  try {
    await body(bus.endpoint, folder);
  } finally {
    await bus.close();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("snapshot matches the bus's past once, reports to sinks and bus, and sums up", () =>
  withHistory(async (endpoint, folder) => {
    await using app = await join(endpoint);
    const { code, stdout, stderr } = await bridge([
      ...["snapshot", "--days", "3650", "-t", endpoint, "--idle", "1s"],
      ...["--logs", `${folder}/eve.json`, "--report", "both"],
    ]);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, flow(1, "203.0.113.1"));
    await app.saw("RETRO 1 1");
    assert.match(stderr, /^4 indicators received$/m);
    assert.match(stderr, /1 not used: revoked/);
    assert.match(stderr, /1 not used: pattern_type is "snort"/);
    assert.match(stderr, /1 indicators matched, 1 sightings/);
  }));

Deno.test("snapshot --dump writes a bundle that retro hunts with", () =>
  withHistory(async (endpoint, folder) => {
    const dump = `${folder}/dump.json`;
    const taken = await bridge([
      ...["snapshot", "--days", "3650", "-t", endpoint, "--idle", "1s", "--dump", dump],
    ]);
    assert.equal(taken.code, 0, taken.stderr);
    const bundle = JSON.parse(await Deno.readTextFile(dump));
    assert.equal(bundle.type, "bundle");
    assert.equal(bundle.objects.length, 2);
    const hunted = await bridge(["retro", "--ioc-file", dump, "--logs", `${folder}/eve.json`]);
    assert.equal(hunted.code, 0, hunted.stderr);
    assert.equal(hunted.stdout, flow(1, "203.0.113.1"));
  }));

Deno.test("snapshot: nothing found is 1, cut short or no bus is 2", () =>
  withHistory(async (endpoint, folder) => {
    await Deno.writeTextFile(`${folder}/none.json`, flow(3, "192.0.2.1"));
    const call = (...args: string[]) =>
      bridge(["snapshot", "--idle", "1s", "--logs", `${folder}/none.json`, ...args]);
    assert.equal((await call("-t", endpoint)).code, 1);
    const cut = await call("-t", endpoint, "--max-time", "200ms");
    assert.equal(cut.code, 2);
    assert.match(cut.stderr, /cut short by --max-time/);
    const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = free.addr as Deno.NetAddr;
    free.close();
    const away = await call("-t", `127.0.0.1:${port}`);
    assert.equal(away.code, 2);
    assert.doesNotMatch(away.stderr, /\n +at /);
  }));
