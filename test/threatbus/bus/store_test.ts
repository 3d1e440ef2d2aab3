import assert from "node:assert/strict";
import { openStore } from "../../../src/threatbus/bus/store.ts";
import { ConfigError } from "../../../src/errors.ts";

Deno.test("openStore() keeps messages over a restart, in a file for its owner only", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/state/bus.sqlite`;
  try {
    const first = openStore(path);
    first.putIndicator("indicator--1", "one", 1000);
    first.addSighting("seen", 2000);
    first.close();
    if (Deno.build.os !== "windows") assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
    const second = openStore(path);
    assert.equal(second.indicator("indicator--1")?.json, "one");
    const all = { since: 0, after: 0, until: second.lastRow("sighting"), limit: 10 };
    assert.deepEqual(second.page("sighting", all).objects, ["seen"]);
    second.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("BusStore.page() reads a range in pages, as it stood at the start", () => {
  const store = openStore(":memory:");
  for (let n = 1; n <= 5; n++) store.putIndicator(`indicator--${n}`, String(n), n * 1000);
  const until = store.lastRow("indicator");
  const first = store.page("indicator", { since: 2000, after: 0, until, limit: 2 });
  assert.deepEqual(first.objects, ["2", "3"]);
  store.putIndicator("indicator--4", "4 anew", 6000);
  const second = store.page("indicator", { since: 2000, after: first.last, until, limit: 2 });
  assert.deepEqual(second.objects, ["5"], "4 came anew, after the start");
  const none = store.page("indicator", { since: 9000, after: 0, until, limit: 2 });
  assert.deepEqual(none.objects, []);
  store.close();
});

Deno.test("BusStore.prune() drops what is old, except what stands in files", () => {
  const store = openStore(":memory:");
  store.putIndicator("indicator--1", "bus", 1000);
  store.putIndicator("indicator--2", "file", 1000, "/intel/a.json");
  store.putIndicator("indicator--3", "new", 3000);
  store.addSighting("old", 1000);
  store.prune(2000);
  assert.equal(store.indicator("indicator--1"), undefined);
  assert.deepEqual(store.idsFrom("/intel/a.json"), ["indicator--2"]);
  assert.deepEqual(store.origins(), ["/intel/a.json"]);
  assert.equal(store.indicator("indicator--3")?.json, "new");
  assert.equal(
    store.page("sighting", { since: 0, after: 0, until: 9, limit: 9 }).objects.length,
    0,
  );
  store.close();
});

Deno.test("openStore() says what is wrong with its path", () => {
  assert.throws(() => openStore("/dev/null/bus.sqlite"), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.match(error.message, /Cannot open the bus's store/);
    assert.equal(error.place?.file, "/dev/null/bus.sqlite");
    return true;
  });
});

Deno.test("BusStore goes on after a failed write", () => {
  const store = openStore(":memory:");
  store.addSighting("before", 1);
  // deno-lint-ignore no-explicit-any -- a value that SQLite can't take
  assert.throws(() => store.addSighting({} as any, 2));
  store.commit();
  store.addSighting("after", 3);
  store.commit();
  const page = store.page("sighting", { since: 3, after: 0, until: 9, limit: 9 });
  assert.deepEqual(page.objects, ["after"]);
  store.close();
});

Deno.test("openStore() with a bound drops the oldest, sightings first, and keeps what stands in files", () => {
  let full = 0;
  const bytes = 400_000;
  const store = openStore(":memory:", { bytes, onFull: () => full++ });
  const text = (n: number) => String(n).padEnd(1000);
  const all = (type: "indicator" | "sighting") =>
    store.page(type, { since: 0, after: 0, until: store.lastRow(type), limit: 10_000 })
      .objects.map((json) => parseInt(json));
  store.putIndicator("indicator--0", text(0), 1, "/intel/a.json");
  for (let n = 1; n <= 100; n++) store.putIndicator(`indicator--${n}`, text(n), n);
  for (let n = 1; n <= 1000; n++) {
    store.addSighting(text(n), n);
    store.commit();
  }
  const sightings = all("sighting");
  assert.equal(full, 1, "told once");
  assert.deepEqual(all("indicator").length, 101);
  assert.ok(sightings.length > 100 && sightings.length < bytes / 1000, String(sightings.length));
  assert.deepEqual(
    sightings,
    Array.from({ length: sightings.length }, (_, n) => 1001 - sightings.length + n),
  );
  for (let n = 101; n <= 1000; n++) {
    store.putIndicator(`indicator--${n}`, text(n), n);
    store.commit();
  }
  const indicators = all("indicator");
  assert.deepEqual([indicators[0], indicators.at(-1), all("sighting").length <= 1], [
    0,
    1000,
    true,
  ]);
  assert.ok(indicators.length > 200 && indicators.length < bytes / 1000, String(indicators.length));
  store.close();
});
