import assert from "node:assert/strict";
import fc from "fast-check";
import { createTable, DEAD } from "../../src/match/table.ts";

/** Texts that collide often, some not ASCII. */
const text = fc.oneof(
  fc.constantFrom("a", "b", "ab", "http://a", "", "ü", "\u{1f600}"),
  fc.string({ maxLength: 3, unit: fc.constantFrom("a", "b") }),
  fc.integer({ min: 0, max: 3000 }).map(String),
  fc.integer({ min: 300, max: 5000 }).map((length) => "x".repeat(length)),
);

Deno.test("createTable() behaves as a map of lists under any adds and removes", () => {
  const step = fc.record({ kind: fc.nat(2), text, add: fc.nat(3).map((n) => n > 0) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const table = createTable();
      const model = new Map<string, number[]>();
      for (const [handle, { kind, text, add }] of steps.entries()) {
        const key = `${kind} ${text}`;
        const list = model.get(key) ?? [];
        if (add) {
          table.addText(kind, text, 0, handle);
          model.set(key, [...list, handle]);
        } else if (list.length > 0) {
          const at = handle % list.length;
          let entry = table.find(kind, text);
          for (let i = 0; i < at; i++) entry = table.next(entry);
          assert.equal(table.handle(entry), list[at]);
          table.remove(entry);
          list.splice(at, 1);
        }
      }
      for (const { kind, text } of steps) {
        const found = [];
        for (let entry = table.find(kind, text); entry >= 0; entry = table.next(entry)) {
          assert.equal(table.text(entry), text);
          found.push(table.handle(entry));
        }
        assert.deepEqual(found, model.get(`${kind} ${text}`) ?? []);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("createTable() compacts, says where entries moved and keeps the rest findable", () => {
  const moves: Uint32Array[] = [];
  const table = createTable((moved) => moves.push(moved));
  for (let i = 0; i < 10_000; i++) table.addText(1, `value ${i % 5000}`, 6, i);
  for (let i = 0; i < 4000; i++) {
    let entry = table.find(1, `${i}`);
    while (entry >= 0) {
      table.remove(entry);
      entry = table.find(1, `${i}`);
    }
  }
  assert.ok(moves.length > 0);
  assert.equal(table.size, 2000);
  assert.equal(table.find(1, "3999"), -1);
  for (let i = 4000; i < 5000; i++) {
    const first = table.find(1, `${i}`);
    assert.equal(table.text(first), `value ${i}`);
    assert.deepEqual([table.handle(first), table.handle(table.next(first))], [i, i + 5000]);
    assert.equal(table.next(table.next(first)), -1);
  }
  const view = table.view();
  const alive = view.kinds.subarray(0, view.count).filter((kind) => kind !== DEAD);
  assert.equal(alive.length, 2000);
  assert.equal(view.epoch, moves.length);
});

Deno.test("createTable() tells kinds of the same text apart", () => {
  const table = createTable();
  table.addText(0, "x", 0, 1);
  assert.equal(table.find(1, "x"), -1);
  assert.equal(table.handle(table.find(0, "x")), 1);
});

Deno.test("createTable() finds keys longer than any before", () => {
  for (const length of [341, 342, 1024, 1025, 70_000]) {
    const bytes = new Uint8Array(length).fill(0x61);
    const table = createTable();
    table.addBytes(0, bytes, 0, length, 0, 7);
    assert.equal(table.find(0, "a".repeat(length)), 0, `${length}`);
  }
});
