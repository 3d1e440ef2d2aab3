import assert from "node:assert/strict";
import { chooseFinder, createEveryLineFinder } from "../../../src/engines/logs/scan/every_line.ts";
import type { JsonObject } from "../../../src/json.ts";
import type { LineFormat, Needles } from "../../../src/engines/logs/scan/finder.ts";

const JSON_LINES: LineFormat = { type: "json" };
const TSV: LineFormat = { type: "tsv", separator: 9, setSeparator: 44 };
// The finder doesn't look at its needles.
const NEEDLES = {} as Needles;

function find(text: string, format: LineFormat) {
  const block = new TextEncoder().encode(text);
  const found = createEveryLineFinder(NEEDLES, format).find(block, 0, block.length);
  return { ...found, candidates: Array.from(found.candidates).slice(0, found.length) };
}

Deno.test("createEveryLineFinder() names each JSON line and counts what can't be one", () => {
  const found = find('{"a":1}\r\n\nrubbish\n {} \n{"cut', JSON_LINES);
  assert.deepEqual(found.candidates, [0, 8, 0, 18, 22, 3]);
  assert.deepEqual([found.lines, found.odd, found.firstOdd], [5, 2, 2]);
});

Deno.test("createEveryLineFinder() names each TSV line, headers too", () => {
  const found = find("#fields\ta\n1\t2\n\n3\t4", TSV);
  assert.deepEqual(found.candidates, [0, 9, 0, 10, 13, 1, 15, 18, 3]);
  assert.deepEqual([found.lines, found.odd, found.firstOdd], [4, 0, -1]);
});

Deno.test("chooseFinder() stops asking the sweep where nearly all lines matter to it", () => {
  const lines = Array.from({ length: 200 }, (_, n) => `{"n":${n}}`);
  const block = new TextEncoder().encode(lines.join("\n"));
  /** Lines that are named, and how many were asked, if all below a number out of ten matter. */
  const sweep = (matter: number) => {
    let asked = 0;
    const admits = ({ n }: JsonObject) => {
      asked++;
      return Number(n) % 10 < matter;
    };
    const needles = {
      ...NEEDLES,
      sweep: { version: 0, patterns: () => [], admits, glance: () => true },
    };
    const none = { lines: 200, candidates: [], length: 0, odd: 0, firstOdd: -1 };
    const finder = chooseFinder(() => ({ find: () => none }), needles, JSON_LINES);
    return { named: finder.find(block, 0, block.length).length / 3, asked };
  };
  assert.deepEqual(sweep(10), { named: 200, asked: 64 });
  // The rest is named, whether it matters or not.
  assert.deepEqual(sweep(8), { named: 52 + 136, asked: 64 });
  assert.deepEqual(sweep(5), { named: 100, asked: 200 });
});
