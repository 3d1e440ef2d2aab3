import assert from "node:assert/strict";
import fc from "fast-check";
import { createCsvRows } from "../../../src/intel/readers/csv.ts";

function rowsOf(pieces: readonly string[]): [string[], number][] {
  const rows: [string[], number][] = [];
  const parser = createCsvRows(",", (cells, line) => rows.push([cells, line]));
  for (const piece of pieces) parser.feed(piece);
  parser.end();
  return rows;
}

const cell = fc.string({ unit: fc.constantFrom(...'ab ,"\n#;é'), maxLength: 6 });

Deno.test("createCsvRows() reads back what RFC 4180 writes, however the text is cut", () => {
  const property = fc.property(
    fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { maxLength: 6 }),
    fc.array(fc.nat(80), { maxLength: 4 }),
    (table, cuts) => {
      const quoted = table.map((row) => row.map((text) => `"${text.replaceAll('"', '""')}"`));
      const text = quoted.map((row) => row.join(",")).join("\r\n");
      const ends = [...cuts.toSorted((a, b) => a - b), text.length];
      const pieces = ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end));
      const kept = table.filter((row) => row.length > 1 || row[0] !== "");
      assert.deepEqual(rowsOf(pieces).map(([cells]) => cells), kept);
    },
  );
  fc.assert(property, { numRuns: 1000 });
});

Deno.test("createCsvRows() counts lines through quotes, comments and empty lines", () => {
  assert.deepEqual(rowsOf(['a,b\n\n# c,"d\n"x\ny",z\n last , 2']), [
    [["a", "b"], 1],
    [["x\ny", "z"], 4],
    [["last", "2"], 6],
  ]);
});
