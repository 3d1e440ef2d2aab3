import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url).pathname;

Deno.test("the demo shows sightings of past and stream for each indicator and leaves nothing", async () => {
  const folder = await Deno.makeTempDir({ prefix: "bridge-test-" });
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "-A", `${ROOT}src/build/demo.ts`],
      env: { TMPDIR: folder },
    }).output();
    const text = new TextDecoder().decode(stdout);
    assert.equal(code, 0, text + new TextDecoder().decode(stderr));
    for (const name of ["download.example.org", "daa175facb38167b5e9be21a169f1f98"]) {
      assert.match(text, new RegExp(`RETRO +${name}`));
    }
    assert.match(text, /LIVE +198\.51\.100\.23 .*10\.20\.30\.23 → 198\.51\.100\.23/);
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
