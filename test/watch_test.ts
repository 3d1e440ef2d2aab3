import assert from "node:assert/strict";
import { openState } from "../src/state/state.ts";
import { watchable, watchFolders } from "../src/watch.ts";

async function withFolders(body: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    for (const path of ["logs/zeek/old", "logs/bridge/state", "away"]) {
      await Deno.mkdir(`${folder}/${path}`, { recursive: true });
    }
    await Deno.symlink(`${folder}/logs/bridge`, `${folder}/link`);
    await Deno.symlink(`${folder}/logs`, `${folder}/logs/loop`);
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("watchable() leaves out folders with databases, whatever way leads there", () =>
  withFolders((folder) => {
    const watched = (path: string, recursive: boolean, ...databases: string[]) =>
      watchable(
        [{ path: `${folder}/${path}`, recursive }],
        databases.map((at) => `${folder}/${at}`),
      )
        .map(({ path, recursive }) => path.slice(folder.length + 1) + (recursive ? "/**" : ""))
        .sort();
    assert.deepEqual(watched("logs", true), ["logs/**"]);
    assert.deepEqual(watched("logs", true, "away"), ["logs/**"]);
    assert.deepEqual(watched("logs", false, "logs/bridge/state"), ["logs"]);
    assert.deepEqual(watched("logs", false, "logs"), []);
    for (const state of ["logs/bridge/state", "link/state", "logs/loop/bridge/state"]) {
      assert.deepEqual(watched("logs", true, state), ["logs", "logs/bridge", "logs/zeek/**"]);
    }
    assert.deepEqual(watched("logs", true, "logs"), ["logs/bridge/**", "logs/zeek/**"]);
    assert.deepEqual(watched("logs/bridge/state", true, "link/state", "away"), []);
    assert.deepEqual(watched("link", true, "logs/bridge/state"), ["link"]);
    assert.deepEqual(watched("gone", true, "away"), ["gone/**"]);
    assert.deepEqual(watchable([{ path: "/", recursive: false }], ["/"]), []);
  }));

Deno.test("watchFolders() takes no lock from the databases in what is watched", () =>
  withFolders(async (folder) => {
    const directory = `${folder}/logs/bridge/state`;
    const state = openState(directory);
    const watchers = watchFolders(
      watchable([{ path: `${folder}/logs`, recursive: true }], [directory]),
    );
    const events = watchers[0]![Symbol.asyncIterator]();
    try {
      await Deno.utime(`${directory}/lock`, 1, 1);
      // Changes come in their order: when this one has been told, that of the lock has been, too.
      await Deno.writeTextFile(`${folder}/logs/zeek/conn.log`, "");
      while (!(await events.next()).value!.paths.join().includes("conn.log"));
      const other = await new Deno.Command(Deno.execPath(), {
        args: ["eval", "--no-check", OPENS, new URL("../", import.meta.url).href, directory],
        stderr: "piped",
      }).output();
      assert.match(new TextDecoder().decode(other.stderr), /Another bridge uses this/);
    } finally {
      for (const one of watchers) one.close();
      await state.close();
    }
  }));

const OPENS = `
  const { openState } = await import(Deno.args[0] + "src/state/state.ts");
  openState(Deno.args[1]);
  Deno.exit();`;
