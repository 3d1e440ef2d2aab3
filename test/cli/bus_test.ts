import assert from "node:assert/strict";
import type { BridgeError } from "../../src/errors.ts";
import { connectApp } from "../../src/threatbus/connect.ts";
import { plainClient } from "../../src/zmtp/mod.ts";
import { bridge, bridgeCommand } from "./bridge.ts";
import { start } from "./run_process.ts";

Deno.test("bridge bus serves until SIGTERM, keeps its store in the state folder, and exits 0", async () => {
  const state = await Deno.makeTempDir();
  const { command, args } = bridgeCommand(["bus", "--listen", "127.0.0.1:0"]);
  const child = new Deno.Command(command, {
    args,
    env: { XDG_STATE_HOME: state },
    stdout: "null",
    stderr: "piped",
  }).spawn();
  try {
    let log = "";
    const lines = child.stderr.pipeThrough(new TextDecoderStream()).values({ preventCancel: true });
    while (!/listens on .*:\d+ /.test(log)) {
      const { value, done } = await lines.next();
      assert.ok(!done, log);
      log += value;
    }
    const client = connectApp({
      endpoint: /listens on (\S+:\d+) /.exec(log)![1]!,
      topics: ["stix2"],
      snapshotDays: 1,
    }, AbortSignal.timeout(60_000));
    await client.subscribed;
    await client.close();
    child.kill("SIGTERM");
    for (let read = await lines.next(); !read.done; read = await lines.next());
    assert.equal((await child.status).code, 0);
    assert.ok(await Deno.stat(`${state}/bridge/bus.sqlite`));
  } finally {
    await Deno.remove(state, { recursive: true });
  }
});

Deno.test("bridge bus refuses an open address and says what to do", async () => {
  const { code, stderr } = await bridge(["bus", "-l", "0.0.0.0:0", "--store", ":memory:"]);
  assert.equal(code, 2);
  assert.match(stderr, /without CURVE or PLAIN/);
  assert.match(stderr, /--insecure/);
});

Deno.test("bridge bus says that its port or its store can't be had", async () => {
  await using bus = start(["bus", "-l", "127.0.0.1:0", "--store", ":memory:"]);
  const taken = await bridge(["bus", "-l", await bus.bus(), "--store", ":memory:"]);
  assert.equal(taken.code, 2);
  assert.match(taken.stderr, /Can't listen on \S+: Address already in use\n.*another port/);
  const nowhere = await bridge(["bus", "-l", "127.0.0.1:0", "--store", "/dev/null/x"]);
  assert.equal(nowhere.code, 2);
  assert.match(nowhere.stderr, /^bridge: \/dev\/null\/x: Cannot open the bus's store: [^(:]+\n/);
  assert.equal(await bus.stop(), 0);
});

Deno.test("bridge bus keeps no store where it was started when there is no state folder", async () => {
  const cwd = await Deno.makeTempDir();
  try {
    const env = { HOME: "", XDG_STATE_HOME: "", STATE_DIRECTORY: "" };
    const { code, stderr } = await bridge(["bus", "--listen", "127.0.0.1:0"], { cwd, env });
    assert.equal(code, 2, stderr);
    assert.match(stderr, /No place for the state directory\n.*--store/);
    assert.deepEqual([...Deno.readDirSync(cwd)], []);
  } finally {
    await Deno.remove(cwd);
  }
});

Deno.test("bridge bus says whom it refused and why", async () => {
  const users = await Deno.makeTempFile();
  await Deno.writeTextFile(users, "ada:s3cret\n");
  await using bus = start([
    ...["bus", "-l", "127.0.0.1:0", "--store", ":memory:", "--plain-users", users],
  ]);
  const client = connectApp({
    endpoint: await bus.bus(),
    mechanism: plainClient("ada", "guess"),
    topics: ["stix2"],
    snapshotDays: 0,
    failFast: true,
  }, new AbortController().signal);
  await assert.rejects(client.subscribed, (error: BridgeError) => {
    assert.match(error.message, /refused the handshake/);
    assert.match(error.hint!, /compare bus_security/);
    return true;
  });
  await client.close();
  await bus.logged(/WARNING .*The connection of tcp:\/\/127\.0\.0\.1:\d+ failed: .*password/);
  assert.ok(!bus.log.some((line) => line.includes("guess")));
  assert.equal(await bus.stop(), 0);
  await Deno.remove(users);
});
