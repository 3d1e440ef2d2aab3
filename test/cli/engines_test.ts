import assert from "node:assert/strict";
import { ENGINES } from "../../src/engines/registry.ts";

async function bridge(...args: string[]): Promise<string> {
  const main = new URL("../../main.ts", import.meta.url).pathname;
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", main, ...args],
    stderr: "inherit",
  }).output();
  assert.equal(code, 0);
  return new TextDecoder().decode(stdout);
}

Deno.test("bridge engines list names every engine of the registry with its limits", async () => {
  const specs = JSON.parse(await bridge("engines", "list", "--json"));
  assert.deepEqual(specs.map(({ name }: { name: string }) => name), Object.keys(ENGINES));
  const text = await bridge("engines", "list");
  for (const { limits } of specs) {
    for (const limit of limits) assert.equal(text.includes(limit), true);
  }
});
