import assert from "node:assert/strict";
import { buildKernel, embedKernel } from "../../../../src/build/kernel.ts";

Deno.test("kernel_wasm.ts is what its source builds", async () => {
  const file = new URL("../../../../src/engines/logs/scan/kernel_wasm.ts", import.meta.url);
  assert.equal(await Deno.readTextFile(file), embedKernel(await buildKernel()));
});
