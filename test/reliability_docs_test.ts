import assert from "node:assert/strict";

const root = new URL("../", import.meta.url);
const text = await Deno.readTextFile(new URL("docs/reliability.md", root));

Deno.test("docs/reliability.md names tests that exist", async () => {
  const named = [...text.matchAll(/`(test\/[\w/]+_test\.ts)`: (.+?)(?=(?: \||\. |\.\n|$))/gm)];
  assert(named.length > 20, `only ${named.length} found`);
  for (const [, path, title] of named) {
    const source = await Deno.readTextFile(new URL(path!, root));
    assert(source.includes(`"${title}"`), `${path} has no test "${title}"`);
  }
});

Deno.test("docs/reliability.md names a test for each promise in its tables", () => {
  let shown = false, promises = 0;
  for (const line of text.split("\n")) {
    const cells = line.split("|").map((cell) => cell.trim());
    if (cells.length < 3) shown = false;
    else if (cells.at(-2) === "shown by") shown = true;
    else if (shown && !/^-+$/.test(cells[1]!)) {
      promises++;
      assert.match(cells.at(-2)!, /^`test\/[\w/]+_test\.ts`: ./, line);
    }
  }
  assert(promises > 40, `only ${promises} found`);
});
