import assert from "node:assert/strict";
import fc from "fast-check";
import { DEAD } from "../../src/match/columns.ts";
import type { IocCursor } from "../../src/match/set.ts";
import { createTable } from "../../src/match/table.ts";

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

Deno.test("createTable() takes removed entries out a few at a time; who reads on misses none", () => {
  const where = new Map<number, number>();
  const table = createTable((handle, to) => where.set(handle, to));
  const [early, late, half] = [table.cursor(), table.cursor(), table.cursor()];
  const seen = new Set<number>();
  const readOn = (cursor: IocCursor, most = Infinity) => {
    const { count, handles, kinds } = table.view();
    for (let left = most; left > 0 && cursor.at < count; cursor.at++, left--) {
      if (kinds[cursor.at] !== DEAD) seen.add(handles[cursor.at]!);
    }
  };
  for (let i = 0; i < 10_000; i++) {
    where.set(i, table.addText(1, `value ${i % 5000}`, 6, i));
    if (i === 6000) readOn(half);
  }
  seen.clear();
  readOn(late);
  seen.clear();
  for (let i = 0; i < 4000; i++) {
    for (let entry = table.find(1, `${i}`); entry >= 0; entry = table.find(1, `${i}`)) {
      table.remove(entry);
    }
    // In the gap, before it and behind it.
    readOn(early, i % 4);
    if (i % 500 === 0) readOn(half, 100);
  }
  const { count } = table.view();
  assert.ok(count < 5000, `${count} entries are left`);
  assert.equal(table.size, 2000);
  assert.deepEqual([...table.live()].map((entry) => table.handle(entry)), [
    ...Array.from({ length: 1000 }, (_, i) => 4000 + i),
    ...Array.from({ length: 1000 }, (_, i) => 9000 + i),
  ]);
  assert.equal(table.find(1, "3999"), -1);
  for (let i = 4000; i < 5000; i++) {
    const first = table.find(1, `${i}`);
    assert.equal(table.text(first), `value ${i}`);
    assert.deepEqual([first, table.next(first)], [where.get(i), where.get(i + 5000)]);
    assert.deepEqual([table.handle(first), table.handle(table.next(first))], [i, i + 5000]);
    assert.equal(table.next(table.next(first)), -1);
  }
  seen.clear();
  readOn(late);
  assert.equal(seen.size, 0);
  table.addText(1, "new", 0, 77);
  readOn(late);
  assert.deepEqual([...seen], [77]);
});

Deno.test("createTable() behaves as a map while it grows and shrinks by the thousands", () => {
  const phase = fc.record({
    adds: fc.integer({ min: 0, max: 4000 }),
    removes: fc.integer({ min: 0, max: 4000 }),
    /** Keys are shared by so many handles. */
    shared: fc.constantFrom(1, 1, 2, 50),
    reads: fc.nat(3000),
  });
  fc.assert(
    fc.property(fc.array(phase, { maxLength: 8 }), fc.nat(), (phases, seed) => {
      const where = new Map<number, number>();
      const table = createTable((handle, to) => where.set(handle, to));
      const model = new Map<number, string>();
      const cursor = table.cursor();
      const read = new Set<number>();
      const readOn = (most: number) => {
        const { count, handles, kinds } = table.view();
        for (let left = most; left > 0 && cursor.at < count; cursor.at++, left--) {
          if (kinds[cursor.at] !== DEAD) read.add(handles[cursor.at]!);
        }
      };
      let handle = 0, state = seed;
      const random = (limit: number) =>
        (state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9 >>> 0) % limit;
      for (const { adds, removes, shared, reads } of phases) {
        for (let i = 0; i < adds; i++, handle++) {
          const key = `${random(1 + (handle / shared | 0))} ${shared}`;
          where.set(handle, table.addText(0, key, 0, handle));
          model.set(handle, key);
        }
        readOn(reads);
        const handles = [...model.keys()];
        for (let i = 0; i < removes && handles.length > 0; i++) {
          const at = random(handles.length);
          const gone = handles[at]!;
          handles[at] = handles.at(-1)!;
          handles.pop();
          table.remove(where.get(gone)!);
          model.delete(gone);
        }
        assert.equal(table.size, model.size);
      }
      const keys = Map.groupBy(model.keys(), (handle) => model.get(handle)!);
      for (const [key, handles] of keys) {
        const found = [];
        for (let entry = table.find(0, key); entry >= 0; entry = table.next(entry)) {
          assert.equal(where.get(table.handle(entry)), entry);
          assert.equal(table.text(entry), key);
          found.push(table.handle(entry));
        }
        assert.deepEqual(found, handles.sort((a, b) => a - b));
      }
      readOn(Infinity);
      for (const handle of model.keys()) assert.ok(read.has(handle));
      const live = [...table.live()].map((entry) => table.handle(entry));
      assert.deepEqual(live, [...model.keys()].sort((a, b) => a - b));
      const columns = table.columns();
      const again = createTable();
      again.adopt(columns);
      for (const [key, handles] of keys) {
        assert.equal(again.handle(again.find(0, key)), handles[0]);
      }
    }),
    { numRuns: 60 },
  );
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
