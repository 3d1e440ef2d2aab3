import assert from "node:assert/strict";
import type { Broker } from "../../../src/threatbus/bus/broker.ts";
import { createIntel } from "../../../src/threatbus/bus/intel.ts";
import { parseIntel } from "../../../src/threatbus/bus/intel_file.ts";
import { openStore } from "../../../src/threatbus/bus/store.ts";
import { InputError } from "../../../src/errors.ts";

const id = (n: number) => `indicator--00000000-0000-4000-8000-00000000000${n}`;
const indicator = (n: number, more: Record<string, unknown> = {}) => ({
  type: "indicator",
  spec_version: "2.1",
  id: id(n),
  pattern: `[ipv4-addr:value = '6.6.6.${n}']`,
  pattern_type: "stix",
  ...more,
});
const on = new AbortController().signal;
const bundle = (...objects: unknown[]) =>
  JSON.stringify({ type: "bundle", id: "bundle--00000000-0000-4000-8000-000000000000", objects });

/** A folder, and a broker that keeps what it is to publish. */
async function withFolder(
  body: (
    folder: string,
    published: string[],
    fresh: (paths?: readonly string[]) => ReturnType<typeof createIntel>,
  ) => Promise<void>,
) {
  const folder = await Deno.makeTempDir();
  const store = openStore(":memory:");
  const published: string[] = [];
  const broker: Pick<Broker, "publish" | "relief"> = {
    relief: () => undefined,
    publish: (stix, origin) => {
      store.putIndicator(stix.id, stix.text, Date.now(), origin);
      const update = JSON.parse(stix.text).x_threatbus_update ?? "ADD";
      published.push(`${update} ${stix.id.at(-1)}`);
    },
  };
  try {
    await body(
      folder,
      published,
      (paths = [folder]) => createIntel(paths, broker as Broker, store),
    );
  } finally {
    store.close();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("parseIntel() reads bundles, lists, single objects and lines", () => {
  const texts = [
    bundle(indicator(1), { type: "malware" }),
    JSON.stringify([indicator(1)]),
    JSON.stringify(indicator(1)),
    `${JSON.stringify(indicator(1))}\n${bundle(indicator(2))}\n`,
  ];
  const counts = texts.map((text) => parseIntel(text, "a.json", 0).indicators.size);
  assert.deepEqual(counts, [1, 1, 1, 2]);
});

Deno.test("parseIntel() takes the newest version of an indicator, wherever it stands", () => {
  const versions = ["2024-02-01", "2024-03-01", "2024-01-01"]
    .map((day) => indicator(1, { modified: `${day}T00:00:00Z`, created: "2024-01-01T00:00:00Z" }));
  const [taken] = parseIntel(bundle(...versions), "a.json", 0).indicators.values();
  assert.equal(taken!.object.modified, "2024-03-01T00:00:00Z");
});

Deno.test("parseIntel() takes STIX 2.0 as 2.1 and names faulty indicators", () => {
  const old = { type: "indicator", id: id(1), pattern: "[a:b = 'c']", labels: ["x"] };
  const file = parseIntel(
    bundle(old, indicator(2, { pattern: "" }), indicator(3, { id: undefined })),
    "a",
    0,
  );
  assert.deepEqual([...file.indicators.keys()], [id(1)]);
  assert.equal(file.faults.length, 2);
  assert.match(file.faults[0]!, /0002: Indicator has no pattern|0002: pattern is/);
  assert.throws(() => parseIntel("hello", "a.json", 0), (error) => {
    assert.ok(error instanceof InputError && error.place?.file === "a.json");
    return true;
  });
});

Deno.test("Intel.scan() publishes what is new, changed or gone, and nothing twice", async () => {
  await withFolder(async (folder, published, fresh) => {
    const expect = (...changes: string[]) => assert.deepEqual(published.splice(0).sort(), changes);
    const write = (name: string, text: string) => Deno.writeTextFile(`${folder}/${name}`, text);
    await write("a.json", bundle(indicator(1), indicator(2)));
    await write("notes.txt", bundle(indicator(9)));
    let intel = fresh();
    await intel.scan(on);
    expect("ADD 1", "ADD 2");
    await intel.scan(on);
    expect();
    await write("a.json", bundle(indicator(1, { name: "changed" }), indicator(3)));
    await intel.scan(on);
    expect("ADD 3", "EDIT 1", "REMOVE 2");
    await Deno.mkdir(`${folder}/deep`);
    await write("deep/b.json", bundle(indicator(3), indicator(4)));
    await intel.scan(on);
    published.splice(0);
    await write("a.json", "{ half written");
    await intel.scan(on);
    expect();
    // After a restart the store knows what was published.
    await write("a.json", bundle(indicator(1, { name: "changed" })));
    intel = fresh();
    await intel.scan(on);
    expect();
    await Deno.remove(`${folder}/deep/b.json`);
    intel = fresh();
    await intel.scan(on);
    expect("REMOVE 3", "REMOVE 4");
    await write("c.json", bundle(indicator(4)));
    await intel.scan(on);
    expect("ADD 4");
  });
});

Deno.test("Intel.scan() removes nothing of what it can't look at, and goes on with the rest", async () => {
  await withFolder(async (base, published, fresh) => {
    const folder = `${base}/mounted`;
    const expect = (...changes: string[]) => assert.deepEqual(published.splice(0).sort(), changes);
    const write = (path: string, text: string) => Deno.writeTextFile(`${base}/${path}`, text);
    await Deno.mkdir(folder);
    await write("mounted/a.json", bundle(indicator(1)));
    await write("single.json", bundle(indicator(2)));
    const intel = fresh([folder, `${base}/single.json`, `${base}/none`]);
    await intel.scan(on);
    expect("ADD 1", "ADD 2");
    await Deno.rename(folder, `${base}/unmounted`);
    await write("single.json", bundle(indicator(2), indicator(3)));
    await intel.scan(on);
    expect("ADD 3");
    await Deno.rename(`${base}/unmounted`, folder);
    await Deno.remove(`${base}/single.json`);
    await intel.scan(on);
    expect("REMOVE 2", "REMOVE 3");
  });
});

Deno.test("Intel.scan() does not wait at a pipe", async () => {
  await withFolder(async (folder, published, fresh) => {
    await new Deno.Command("mkfifo", { args: [`${folder}/pipe.json`] }).output();
    await Deno.writeTextFile(`${folder}/z.json`, bundle(indicator(1)));
    await fresh().scan(on);
    assert.deepEqual(published, ["ADD 1"]);
  });
});

Deno.test("Intel.watch() sees a change and ends with its signal", async () => {
  await withFolder(async (folder, published, fresh) => {
    const intel = fresh();
    const stop = new AbortController();
    const watching = intel.watch(stop.signal);
    await Deno.writeTextFile(`${folder}/a.json`, bundle(indicator(1)));
    while (published.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    stop.abort();
    await watching;
    assert.deepEqual(published, ["ADD 1"]);
  });
});
