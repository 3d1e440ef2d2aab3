import assert from "node:assert/strict";
import { createEveryLineFinder } from "../../../src/engines/logs/scan/every_line.ts";
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
