import assert from "node:assert/strict";
import { enlarge, zeros } from "../../src/match/enlarge.ts";
import { createTable } from "../../src/match/table.ts";

Deno.test("enlarge() keeps what is there through all sizes, with zeros behind it", () => {
  for (const kind of [new Uint8Array(4), new Uint32Array(4), new Float64Array(4)]) {
    let array = kind;
    for (let length = 1; length < 3_000_000; length = length * 1.7 + 1 | 0) {
      const before = array.length;
      array = enlarge(array, length);
      assert.ok(array.length >= length);
      assert.equal(array.constructor, kind.constructor);
      assert.equal(array[array.length - 1], before === array.length ? array.at(-1) : 0);
      for (const at of [0, before >> 1, before - 1]) {
        if (at < before && before > 4) assert.equal(array[at], at % 251, `${at} of ${length}`);
      }
      for (let at = 0; at < array.length; at++) array[at] = at % 251;
    }
  }
});

Deno.test("zeros() has as many as were asked for", () => {
  for (const length of [0, 1, 1 << 18, (1 << 20) + 1]) {
    const array = zeros(new Uint32Array(0), length);
    assert.equal(array.length, length);
    assert.ok(array.every((number) => number === 0));
  }
});

Deno.test("createTable() finds all when its columns are long, each grown by itself", () => {
  const most = 1_300_000;
  const table = createTable();
  const bytes = new Uint8Array(4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < most; i++) {
    view.setUint32(0, i);
    assert.equal(table.addBytes(0, bytes, 0, 4, 0, i), i);
  }
  for (let i = 0; i < most; i++) {
    view.setUint32(0, i);
    assert.equal(table.addNewBytes(0, bytes, 0, 4, 0, 7), -1 - i);
  }
  assert.equal(table.size, most);
});
