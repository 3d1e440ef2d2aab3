import assert from "node:assert/strict";
import { relative } from "node:path";
import { openState } from "../../src/state/state.ts";
import { stateDirectory, stateFiles } from "../../src/state/directory.ts";

Deno.test("stateDirectory() takes what is named, systemd's folder, XDG's or the home, and no other", () => {
  const variables = [
    ["STATE_DIRECTORY", "/var/lib/bridge:/var/lib/more", "/var/lib/bridge"],
    ["XDG_STATE_HOME", "/xdg", "/xdg/bridge"],
    ["HOME", "/home/a", "/home/a/.local/state/bridge"],
  ] as const;
  for (const [at, [, , folder]] of variables.entries()) {
    const left = new Map<string, string>(variables.slice(at).map(([name, value]) => [name, value]));
    assert.equal(stateDirectory(undefined, (name) => left.get(name)), folder);
    assert.equal(stateDirectory("/mine", (name) => left.get(name)), "/mine");
  }
  assert.throws(() => stateDirectory(undefined, () => undefined), /No place for the state/);
});

Deno.test("stateFiles() tells what a state writes from logs in the same folder, through links too", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/real`);
    await Deno.symlink(`${folder}/real`, `${folder}/link`);
    const state = openState(`${folder}/link`);
    await state.commit(() => state.db.exec("CREATE TABLE t (a)"));
    const names = [...Deno.readDirSync(`${folder}/real`)].map(({ name }) => name).sort();
    await state.close();
    assert.ok(names.includes("bridge.db-wal"), names.join());
    await Deno.symlink(folder, `${folder}/above`);
    const bases = ["real", "link", "above/real"].map((name) => `${folder}/${name}`);
    for (const isOwn of bases.map(stateFiles)) {
      for (const base of [...bases, relative(Deno.cwd(), folder) + "/real"]) {
        assert.deepEqual(names.filter((name) => !isOwn(`${base}/${name}`)), []);
        assert.ok(!isOwn(`${base}/eve.json`));
        assert.ok(!isOwn(`${base}/logs/bridge.db`));
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
