import assert from "node:assert/strict";
import fc from "fast-check";
import { deflate } from "../../src/intel/deflate.ts";
import { createDocuments, createLentDocuments } from "../../src/intel/documents.ts";
import type { Version } from "../../src/intel/version.ts";

/** Of documents only the text of a version counts. */
const version = (json: string) => ({ json }) as Version;

/** Texts of which few fill a block, one is larger than a block, some are not ASCII. */
const text = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 9000 }).map((n) => `${n} `.repeat(1 + n / 2)) },
  { weight: 3, arbitrary: fc.constantFrom("", "ü€\u{1f600}", "{}") },
  { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 140_000 }).map((n) => "ü".repeat(n)) },
);

const WAYS = {
  "createDocuments() keeps texts as they are": createDocuments,
  "createDocuments() keeps texts packed": () => createDocuments(deflate),
  "createLentDocuments() keeps texts": createLentDocuments,
};

for (const [what, create] of Object.entries(WAYS)) {
  Deno.test(`${what} as a map would`, () => {
    const step = fc.record({ handle: fc.nat(30), text: fc.option(text) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const documents = create();
        const model = new Map<number, string>();
        for (const { handle, text } of steps) {
          if (text === null) {
            documents.delete(handle);
            model.delete(handle);
          } else {
            documents.put(handle, version(text));
            model.set(handle, text);
          }
        }
        for (let handle = 0; handle < 40; handle++) {
          assert.equal(documents.get(handle), model.get(handle));
        }
      }),
      { numRuns: 40 },
    );
  });
}
