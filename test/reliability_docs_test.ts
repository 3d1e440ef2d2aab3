import assert from "node:assert/strict";

Deno.test("docs/reliability.md names tests that exist", async () => {
  const root = new URL("../", import.meta.url);
  const text = await Deno.readTextFile(new URL("docs/reliability.md", root));
  const named = [...text.matchAll(/`(test\/[\w/]+_test\.ts)`: (.+?)(?=(?: \||\. |\.\n|$))/gm)];
  assert(named.length > 20, `only ${named.length} found`);
  for (const [, path, title] of named) {
    const source = await Deno.readTextFile(new URL(path!, root));
    assert(source.includes(`"${title}"`), `${path} has no test "${title}"`);
  }
});
