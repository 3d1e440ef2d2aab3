import assert from "node:assert/strict";
import { startBus } from "../../src/threatbus/bus/bus.ts";
import { freePorts } from "../free_ports.ts";
import { bridge } from "./bridge.ts";
import { flow, indicator, join } from "./run_process.ts";

/** A bus with a history of six indicators of which two are looked for, and a log. */
async function withHistory(body: (endpoint: string, folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "bridge-test-" });
  const objects = [
    indicator(1, "[ipv4-addr:value = '203.0.113.1']"),
    indicator(2, "[domain-name:value = 'nowhere.example']"),
    indicator(3, "[ipv4-addr:value = '203.0.113.2']", { revoked: true }),
    indicator(4, "alert ip any", { pattern_type: "snort" }),
    indicator(5, "[ipv4-addr:value = '10.0.0.0/8']"),
    indicator(6, "[ipv4-addr:value = '203.0.113.2']", { valid_until: "2026-11-02T10:00:00Z" }),
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
      ...["snapshot", "--days", "3650", "-t", endpoint, "--idle", "3s"],
      ...["--logs", `${folder}/eve.json`, "--report", "both"],
    ]);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, flow(1, "203.0.113.1"));
    await app.saw("RETRO 1 1");
    assert.match(stderr, /^6 indicators received$/m);
    assert.match(stderr, /1 not used: revoked/);
    assert.match(stderr, /1 not used: expired/);
    assert.match(stderr, /1 not used: matches almost everything/);
    assert.match(stderr, /1 not used: pattern_type is "snort"/);
    assert.match(stderr, /1 indicators matched, 1 sightings/);
  }));

Deno.test("snapshot --dump writes a bundle that retro hunts with", () =>
  withHistory(async (endpoint, folder) => {
    const dump = `${folder}/dump.json`;
    const taken = await bridge([
      ...["snapshot", "--days", "3650", "-t", endpoint, "--idle", "3s", "--dump", dump],
    ]);
    assert.equal(taken.code, 0, taken.stderr);
    const bundle = JSON.parse(await Deno.readTextFile(dump));
    assert.equal(bundle.type, "bundle");
    // What a hunt makes of guard and validity, the hunt decides.
    assert.deepEqual(bundle.objects.map(({ id }: { id: string }) => Number(id.slice(-12))), [
      ...[1, 2, 5, 6],
    ]);
    assert.match(taken.stderr, /^4 indicators written$/m);
    const hunt = ["retro", "--ioc-file", dump, "--logs", `${folder}/eve.json`];
    const hunted = await bridge(hunt);
    assert.equal(hunted.code, 0, hunted.stderr);
    assert.equal(hunted.stdout, flow(1, "203.0.113.1"));
    const expired = await bridge([...hunt, "--expired"]);
    assert.equal(expired.stdout, flow(1, "203.0.113.1") + flow(2, "203.0.113.2"));
  }));

Deno.test("snapshot --dump leaves a former file as it is until the new one is whole", () =>
  withHistory(async (endpoint, folder) => {
    const dump = (target: string, ...args: string[]) =>
      bridge(["snapshot", "-t", endpoint, "--idle", "1s", "--dump", target, ...args]);
    const nowhere = await dump(`${folder}/none/dump.json`, "--idle", "60s");
    assert.equal(nowhere.code, 2);
    assert.match(nowhere.stderr, /--dump: Can't write \S+: there is no such file or folder/);
    await Deno.writeTextFile(`${folder}/dump.json`, "former");
    await Deno.symlink(`${folder}/dump.json`, `${folder}/link.json`);
    const away = await dump(`${folder}/link.json`, "-t", "127.0.0.1:1");
    assert.equal(away.code, 2);
    assert.equal(await Deno.readTextFile(`${folder}/dump.json`), "former");
    const cut = await dump(`${folder}/link.json`, "--idle", "60s", "--max-time", "1s");
    assert.equal(cut.code, 2, "incomplete");
    assert.equal(JSON.parse(await Deno.readTextFile(`${folder}/dump.json`)).type, "bundle");
    assert.ok((await Deno.lstat(`${folder}/link.json`)).isSymlink);
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assert.deepEqual(names, ["dump.json", "eve.json", "intel.json", "link.json"]);
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
    const [port] = freePorts(1);
    const away = await call("-t", `127.0.0.1:${port}`);
    assert.equal(away.code, 2);
    assert.doesNotMatch(away.stderr, /\n +at /);
  }));
