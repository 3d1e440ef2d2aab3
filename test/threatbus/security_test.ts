import assert from "node:assert/strict";
import { ConfigError } from "../../src/errors.ts";
import { startBus } from "../../src/threatbus/bus/bus.ts";
import { curveClientFrom, curveServerFrom, plainServerFrom } from "../../src/threatbus/security.ts";
import { zmqLink } from "../../src/threatbus/zmq_link.ts";
import { curveKeyPair, encodeKey, plainClient } from "../../src/zmtp/mod.ts";

const soon = () => AbortSignal.timeout(60_000);
const HEARTBEAT = new TextEncoder().encode('{"action": "heartbeat", "topic": "x"}');

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Writes a pair of certificates as pyzmq does. */
async function certificates(path: string): Promise<void> {
  const { publicKey, secretKey } = curveKeyPair();
  const open = `metadata\ncurve\n    public-key = "${encodeKey(publicKey)}"\n`;
  await Deno.writeTextFile(`${path}.key`, open);
  await Deno.writeTextFile(
    `${path}.key_secret`,
    `${open}    secret-key = "${encodeKey(secretKey)}"\n`,
  );
}

Deno.test("curveServerFrom() and curveClientFrom() lead client and bus together, strangers not", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/clients`);
    await certificates(`${folder}/bus`);
    await certificates(`${folder}/clients/friend`);
    await certificates(`${folder}/stranger`);
    const mechanism = await curveServerFrom(`${folder}/bus.key_secret`, `${folder}/clients`);
    const ports = { managePort: 0, pubPort: 0, subPort: 0 };
    const bus = await startBus({ ...ports, mechanism }, new AbortController().signal);
    const ask = async (who: string) => {
      const mechanism = await curveClientFrom(`${folder}/${who}.key_secret`, `${folder}/bus.key`);
      const link = zmqLink({ host: "127.0.0.1", port: bus.managePort, mechanism });
      return new TextDecoder().decode(await link.request(HEARTBEAT, soon()));
    };
    assert.equal(await ask("clients/friend"), '{"status": "error"}');
    await assert.rejects(ask("stranger"));
    await bus.close();
  });
});

Deno.test("plainServerFrom() reads accounts, passwords with colons too", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/users`, "# the apps\nhunter:a:b\n\n");
    const mechanism = await plainServerFrom(`${folder}/users`);
    const ports = { managePort: 0, pubPort: 0, subPort: 0 };
    const bus = await startBus({ ...ports, mechanism }, new AbortController().signal);
    const link = zmqLink({
      host: "127.0.0.1",
      port: bus.managePort,
      mechanism: plainClient("hunter", "a:b"),
    });
    await link.request(HEARTBEAT, soon());
    await bus.close();
  });
});

Deno.test("security files that are wrong are named, with the place and what to do", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/empty`, "nothing\n");
    await Deno.writeTextFile(`${folder}/short`, 'public-key = "abc"\nsecret-key = "abc"\n');
    const isConfigError = (error: unknown) => {
      assert.ok(error instanceof ConfigError && error.place?.file?.startsWith(folder));
      return true;
    };
    await assert.rejects(curveServerFrom(`${folder}/none`), isConfigError);
    await assert.rejects(curveServerFrom(`${folder}/empty`), isConfigError);
    await assert.rejects(curveServerFrom(`${folder}/short`), isConfigError);
    await assert.rejects(plainServerFrom(`${folder}/empty`), isConfigError);
  });
});
