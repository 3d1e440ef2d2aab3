import assert from "node:assert/strict";
import { join } from "node:path";
import { bridge } from "./bridge.ts";

const BINARY = Deno.env.get("BRIDGE_BIN");

const CHUNKS = ["hunt", "tree", "lists", "kernel"];

/** Runs a body with a folder for the cache, and what reads the cache in it ("" if there is none). */
async function withCache(body: (folder: string, read: () => string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder, () => {
      const [path] = cachesIn(folder);
      return path === undefined ? "" : new TextDecoder("latin1").decode(Deno.readFileSync(path));
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function cachesIn(folder: string): string[] {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
  return names.filter((name) => name.endsWith(".cache")).map((name) => join(folder, name));
}

/** The names of what is in a code cache stand in it as they are. */
function checkChunks(cache: string, after: string): void {
  for (const chunk of CHUNKS) {
    assert(new RegExp(`/${chunk}-[\\w-]+\\.js`).test(cache), `${chunk} after ${after}`);
  }
}

Deno.test({
  name: "the binary's code cache has the code that is to start fast, whichever command is first",
  ignore: !BINARY,
  async fn() {
    for (
      const first of [
        "retro --ioc a.example --logs /dev/null",
        "retro --help",
        "completions bash",
        "fields",
        "engines list",
        "--help",
      ]
    ) {
      await withCache(async (folder, read) => {
        await bridge(first.split(" "), { env: { TMPDIR: folder } });
        checkChunks(read(), first);
      });
    }
    // It loads no chunk, and leaves no cache either, so that a later start can.
    await withCache(async (folder, read) => {
      await bridge(["--version"], { env: { TMPDIR: folder } });
      assert.equal(read(), "");
    });
  },
});

Deno.test({
  name: "the binary's code cache is made anew where another build left one",
  ignore: !BINARY,
  async fn() {
    await withCache(async (folder, read) => {
      const help = () => bridge(["--help"], { env: { TMPDIR: folder } });
      await help();
      const [path] = cachesIn(folder);
      await Deno.writeTextFile(path!, "of another build");
      await Deno.utime(path!, 0, 0);
      await help();
      checkChunks(read(), "that of another build");
      // As if the binary had been copied since: its cache is right, but looks too old.
      await Deno.utime(path!, 0, 0);
      await help();
      await help();
      checkChunks(read(), "one that looked too old");
      assert((await Deno.stat(path!)).mtime!.getTime() > 0);
    });
  },
});
