import assert from "node:assert/strict";
import { formatPlace } from "../src/errors.ts";

Deno.test("formatPlace() writes file, line, column and key as people read them", () => {
  assert.equal(
    formatPlace({ file: "a.yaml", line: 3, column: 7, key: "vast" }),
    'a.yaml:3:7: key "vast"',
  );
  assert.equal(formatPlace({ key: "sink" }), 'key "sink"');
});
