import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { openSeenTable } from "../../src/delivery/seen_table.ts";
import { prepareSpool } from "../../src/delivery/spool_tables.ts";
import { item } from "./items.ts";

const DAY = 24 * 3600 * 1000;
const id = (number: number) => item(number).id;

function open() {
  const db = new DatabaseSync(":memory:");
  prepareSpool(db);
  const clock = { now: 0 };
  const seen = openSeenTable(db, { remember: DAY, now: () => clock.now });
  const size = () => Number(db.prepare("SELECT count(*) AS n FROM seen").get()!["n"]);
  return { db, clock, seen, size };
}

Deno.test("SeenTable.add() tells which ids are new, also within one call", () => {
  const { db, seen } = open();
  assert.deepEqual(seen.add([id(2), id(1)]), [true, true]);
  assert.deepEqual(seen.add([id(3), id(1), id(4), id(3)]), [true, false, true, false]);
  db.close();
});

Deno.test("SeenTable.add() takes ids that are no UUIDs, and any number", () => {
  const { db, seen, size } = open();
  assert.deepEqual(seen.add(["window 1", id(1), "g".repeat(36)]), [true, true, true]);
  assert.deepEqual(seen.add(["window 1", id(1), "g".repeat(36), "x"]), [false, false, false, true]);
  assert.ok(seen.add(Array.from({ length: 5000 }, (_, n) => id(n + 10))).every((isNew) => isNew));
  assert.equal(size(), 5004);
  assert.deepEqual(seen.add([]), []);
  db.close();
});

Deno.test("SeenTable.add() forgets in time what is too old, and nothing younger", () => {
  const { db, clock, seen, size } = open();
  const add = (from: number, count: number) =>
    seen.add(Array.from({ length: count }, (_, n) => id(from + n)));
  for (let from = 0; from < 50_000; from += 5000) add(from, 5000);
  clock.now = DAY / 2;
  for (let from = 50_000; from < 60_000; from += 5000) add(from, 5000);
  clock.now = DAY + 1;
  for (let from = 60_000; from < 110_000; from += 5000) add(from, 5000);
  assert.equal(size(), 60_000);
  assert.deepEqual(seen.add([id(50_000), id(59_999), id(60_000), id(0)]), [
    false,
    false,
    false,
    true,
  ]);
  db.close();
});
