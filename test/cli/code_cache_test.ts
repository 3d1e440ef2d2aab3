import assert from "node:assert/strict";
import { join } from "node:path";
import { bridge } from "./bridge.ts";

const BINARY = Deno.env.get("BRIDGE_BIN");

/** Texts of chunks: the names of what is in a code cache stand in it as they are. */
async function cachedBy(args: readonly string[]): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    await bridge(args, { env: { TMPDIR: folder } });
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
    const cache = names.find((name) => name.endsWith(".cache"));
    if (cache === undefined) return "";
    return new TextDecoder("latin1").decode(await Deno.readFile(join(folder, cache)));
  } finally {
    await Deno.remove(folder, { recursive: true });
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
      const cache = await cachedBy(first.split(" "));
      for (const chunk of ["hunt", "tree", "lists", "kernel"]) {
        assert(new RegExp(`/${chunk}-[\\w-]+\\.js`).test(cache), `${chunk} after ${first}`);
      }
    }
    // It loads no chunk, and leaves no cache either, so that a later start can.
    assert.equal((await cachedBy(["--version"])).length, 0);
  },
});
