import assert from "node:assert/strict";
import { buildWasm, embedWasm, WASM_PARTS } from "../../../../src/build/kernel.ts";

for (const part of WASM_PARTS) {
  Deno.test(`${part.name} is what its source builds`, async () => {
    assert.equal(await Deno.readTextFile(part.output), embedWasm(part, await buildWasm(part)));
  });
}
