import assert from "node:assert/strict";
import { join } from "node:path";
import { UsageError } from "../../src/errors.ts";
import { bindRep, connectReq, parseEndpoint, removeStale } from "../../src/zmtp/mod.ts";

const ignore = Deno.build.os === "windows";
const never = new AbortController().signal;

async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Asks once over the endpoint, where an echo is bound meanwhile. */
async function echo(endpoint: string): Promise<void> {
  const rep = bindRep({ endpoint }, (request) => request);
  const req = connectReq({ endpoint });
  assert.deepEqual(await req.request([Uint8Array.of(1, 2)], never), [Uint8Array.of(1, 2)]);
  req.close();
  await rep.close();
}

Deno.test(
  "sockets talk over ipc, and leave no file behind",
  { ignore },
  () =>
    withFolder(async (folder) => {
      await echo(`ipc://${join(folder, "s")}`);
      assert.deepEqual([...Deno.readDirSync(folder)], []);
    }),
);

Deno.test("removeStale() makes room where a process was killed, with the rights of the binary", {
  ignore,
}, () =>
  withFolder(async (folder) => {
    const path = join(folder, "s");
    const endpoint = `ipc://${path}`;
    const module = new URL("../../src/zmtp/mod.ts", import.meta.url).href;
    const code = `import { bindRep, removeStale } from ${JSON.stringify(module)};
      await removeStale(${JSON.stringify(endpoint)});
      bindRep({ endpoint: ${JSON.stringify(endpoint)} }, (request) => request);
      console.log("bound");`;
    await Deno.writeTextFile(`${folder}/bind.ts`, code);
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const rights = ["--no-prompt", "--allow-read", "--allow-write", "--allow-net"];
    for (let round = 0; round < 2; round++) {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-check", "--config", config, ...rights, `${folder}/bind.ts`],
        stdout: "piped",
      }).spawn();
      const reader = child.stdout.getReader();
      assert.equal(new TextDecoder().decode((await reader.read()).value), "bound\n");
      await removeStale(endpoint);
      assert.throws(() => bindRep({ endpoint }, (request) => request), (error) => {
        assert.ok(error instanceof UsageError);
        assert.match(`${error.message} ${error.hint}`, /Can't listen on ipc:.* remove it/s);
        return true;
      });
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel();
      assert.ok(Deno.lstatSync(path).isSocket, "its file is still there");
    }
    await removeStale(endpoint);
    await echo(endpoint);
  }));

Deno.test(
  "removeStale() removes nothing but sockets",
  { ignore },
  () =>
    withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/file`, "kept");
      await removeStale(`ipc://${folder}/file`);
      await removeStale(`ipc://${folder}/none`);
      await removeStale("tcp://127.0.0.1:1");
      assert.equal(await Deno.readTextFile(`${folder}/file`), "kept");
    }),
);

Deno.test("parseEndpoint() refuses abstract sockets, which Deno does not know", () => {
  assert.throws(() => parseEndpoint("ipc://@bus"), /abstract socket.*"ipc:\/\/@bus"/);
});
