import assert from "node:assert/strict";
import { busMechanism, embeddedSecurity } from "../../src/cli/bus_security.ts";
import { type Config, defaultsOf } from "../../src/config/config.ts";
import { CONFIG_KEYS } from "../../src/config/keys.ts";
import { ConfigError } from "../../src/errors.ts";
import { startBus } from "../../src/threatbus/bus/bus.ts";
import { encodeRequest } from "../../src/threatbus/management.ts";
import {
  curveClientFrom,
  curveServerFrom,
  plainClient,
  plainServerFrom,
} from "../../src/threatbus/security.ts";
import { zmqLink } from "../../src/threatbus/zmq_link.ts";
import { curveKeyPair, encodeKey, type Mechanism } from "../../src/zmtp/mod.ts";
import { stix } from "../pipeline/run/indicators.ts";
import { bridge } from "./bridge.ts";
import { start } from "./run_process.ts";

const configOf = (keys: Partial<Config>): Config => ({ ...defaultsOf(CONFIG_KEYS), ...keys });

async function certificates(path: string): Promise<void> {
  const { publicKey, secretKey } = curveKeyPair();
  const open = `metadata\ncurve\n    public-key = "${encodeKey(publicKey)}"\n`;
  await Deno.writeTextFile(`${path}.key`, open);
  const secret = `${open}    secret-key = "${encodeKey(secretKey)}"\n`;
  await Deno.writeTextFile(`${path}.key_secret`, secret);
}

/** Dumps a snapshot of a bus that holds one indicator; resolves with what was printed. */
async function dump(
  folder: string,
  mechanism: Mechanism,
  security: Readonly<Record<string, string>>,
): Promise<string> {
  await Deno.mkdir(`${folder}/intel`);
  await Deno.writeTextFile(`${folder}/intel/1.json`, JSON.stringify(stix(1, "evil.example")));
  const ports = { managePort: 0, pubPort: 0, subPort: 0 };
  const bus = await startBus(
    { ...ports, mechanism, intel: [`${folder}/intel`] },
    new AbortController().signal,
  );
  try {
    const config = `${folder}/config.json`;
    await Deno.writeTextFile(
      config,
      JSON.stringify({ threatbus: bus.endpoint, bus_security: security }),
    );
    const { stdout, stderr } = await bridge([
      ...["snapshot", "--dump", "--idle", "3s", "--config", config],
    ]);
    return stdout + stderr;
  } finally {
    await bus.close();
  }
}

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("bridge snapshot logs in at a bus with PLAIN, the password in a file", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/users`, "hunter:a:b\n");
    await Deno.writeTextFile(`${folder}/password`, "a:b\n");
    const printed = await dump(folder, await plainServerFrom(`${folder}/users`), {
      plain_user: "hunter",
      plain_password_file: `${folder}/password`,
    });
    assert.match(printed, /1 indicators received/);
  });
});

Deno.test("bridge snapshot speaks CURVE with certificates from files", async () => {
  await withFolder(async (folder) => {
    await certificates(`${folder}/bus`);
    await certificates(`${folder}/me`);
    const mechanism = await curveServerFrom(`${folder}/bus.key_secret`, `${folder}/me.key`);
    const printed = await dump(folder, mechanism, {
      curve_key_file: `${folder}/me.key_secret`,
      curve_server_key: `${folder}/bus.key`,
    });
    assert.match(printed, /1 indicators received/);
  });
});

/** A run with its own bus, secured so, which the guest gets into, and the others do not. */
async function letsIn(
  folder: string,
  embedded: Readonly<Record<string, string>>,
  guest: Mechanism,
  others: readonly (Mechanism | undefined)[],
): Promise<void> {
  const config = `${folder}/run.json`;
  await Deno.writeTextFile(
    config,
    JSON.stringify({ bus: "embedded", threatbus: "127.0.0.1:0", embedded, logs: [folder] }),
  );
  await using running = start(["run", "--config", config, "--state-dir", `${folder}/state`]);
  await running.logged(/Subscribed at Threat Bus/);
  const port = Number((await running.bus()).split(":")[1]);
  const request = encodeRequest({ action: "heartbeat", topic: "a".repeat(32) });
  const ask = (mechanism: Mechanism | undefined, within: number) =>
    zmqLink({ host: "127.0.0.1", port, ...(mechanism && { mechanism }) })
      .request(request, AbortSignal.timeout(within));
  for (const mechanism of others) await assert.rejects(ask(mechanism, 1000));
  await ask(guest, 60_000);
}

Deno.test("bridge run --bus embedded speaks CURVE, with those it knows and itself", async () => {
  await withFolder(async (folder) => {
    for (const name of ["bus", "me", "stranger"]) await certificates(`${folder}/${name}`);
    const client = (name: string) =>
      curveClientFrom(`${folder}/${name}.key_secret`, `${folder}/bus.key`);
    await letsIn(
      folder,
      { curve_key_file: `${folder}/bus.key_secret`, curve_clients: `${folder}/me.key` },
      await client("me"),
      [await client("stranger"), undefined],
    );
  });
});

Deno.test("bridge run --bus embedded asks for a login, and has one itself", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/users`, "hunter:secret\n");
    await letsIn(
      folder,
      { plain_users_file: `${folder}/users` },
      plainClient("hunter", "secret"),
      [plainClient("hunter", "guess"), undefined],
    );
  });
});

Deno.test("embeddedSecurity() says what is missing or contradicts", async () => {
  const wrong: readonly [Partial<Config>, string][] = [
    [{ "embedded.curve_clients": "/nowhere" }, "embedded.curve_clients"],
    [
      { "embedded.curve_key_file": "/a", "embedded.plain_users_file": "/b" },
      "embedded.plain_users_file",
    ],
  ];
  for (const [keys, key] of wrong) {
    await assert.rejects(
      embeddedSecurity(configOf(keys)),
      (error) => error instanceof ConfigError && error.place?.key === key,
    );
  }
  assert.equal(await embeddedSecurity(configOf({})), undefined);
});

Deno.test("busMechanism() says what is missing or contradicts", async () => {
  const wrong: readonly [Partial<Config>, string][] = [
    [{ "bus_security.plain_user": "a" }, "bus_security.plain_password_file"],
    [{ "bus_security.plain_password": "a" }, "bus_security.plain_user"],
    [{ "bus_security.curve_key_file": "/nowhere" }, "bus_security.curve_server_key"],
    [{ "bus_security.curve_server_key": "/nowhere" }, "bus_security.curve_key_file"],
    [{ "bus_security.plain_user": "a", "bus_security.curve_key_file": "/b" }, "bus_security"],
    [{ "bus_security.plain_user": "a", bus: "embedded" }, "bus"],
  ];
  for (const [keys, key] of wrong) {
    await assert.rejects(busMechanism(configOf(keys)), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.equal(error.place?.key, key);
      return true;
    });
  }
  assert.equal(await busMechanism(configOf({})), undefined);
});
