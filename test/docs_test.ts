import assert from "node:assert/strict";
import { staleFiles } from "../src/build/docs.ts";

Deno.test("generated files are as the code would write them (deno task docs)", async () => {
  assert.deepEqual(await staleFiles(new URL("../", import.meta.url)), []);
});
