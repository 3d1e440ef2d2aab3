import assert from "node:assert/strict";
import { tether } from "../../../src/engines/vast/child.ts";
import { createVastClient } from "../../../src/engines/vast/client.ts";
import { NodeAwayError, VastError } from "../../../src/engines/vast/errors.ts";
import { linesOf } from "../../../src/engines/vast/lines.ts";
import { ConfigError } from "../../../src/errors.ts";
import { startVast, type Vast, type VastOptions } from "../../recorded_node/mod.ts";

const never = new AbortController().signal;

async function withClient(
  options: VastOptions,
  body: (client: ReturnType<typeof createVastClient>, vast: Vast) => Promise<void>,
) {
  await using vast = await startVast(options);
  const { node: { endpoint }, binary, folder } = vast;
  const client = createVastClient({ endpoint, binary, folder });
  try {
    await body(client, vast);
  } finally {
    await client.close();
  }
}

async function rows(client: ReturnType<typeof createVastClient>, query: string, maxEvents = 0) {
  const found: string[] = [];
  const output = client.export({ query, maxEvents }, never);
  while (true) {
    const next = await output.next();
    if (next.done) return { found, end: next.value };
    for (const line of linesOf(next.value)) found.push(new TextDecoder().decode(line));
  }
}

Deno.test("createVastClient() asks version and options once and passes its own config file", async () => {
  await withClient({ features: ["low-priority"] }, async (client, vast) => {
    const support = await client.support(never);
    assert.deepEqual(support, {
      version: "2021.05.27-0-g4706cc3f31-dirty",
      lowPriority: true,
      config: support.config,
      tether: await tether(),
    });
    const { found } = await rows(client, ":addr in [72.247.178.26]");
    assert.equal(found.length > 0, true);
    const calls = vast.calls();
    assert.equal(calls.length, 3);
    const config = calls[2]![0]!.slice("--config=".length);
    assert.match(await Deno.readTextFile(config), /log-queue-size: 100/);
    assert.deepEqual(calls[2]!.slice(1), [
      "-e",
      vast.node.endpoint,
      "export",
      "--caf.scheduler.max-threads=1",
      "--low-priority",
      "json",
    ]);
    await client.close();
    // It is kept: nothing is left over when a process is killed.
    assert.equal(config, `${vast.folder}/vast.yaml`);
    assert.match(await Deno.readTextFile(config), /log-queue-size: 100/);
  });
});

Deno.test("createVastClient() makes do with a temporary config file where it can keep none", async () => {
  await using vast = await startVast();
  const { node: { endpoint }, binary } = vast;
  // A file is in the way.
  const client = createVastClient({ endpoint, binary, folder: `${binary}/state` });
  const { config } = await client.support(never);
  assert.match(await Deno.readTextFile(config!), /log-queue-size: 100/);
  await client.close();
  await assert.rejects(Deno.stat(config!), Deno.errors.NotFound);
});

Deno.test("export() hands queries over on standard input, however long", async () => {
  await withClient({}, async (client, vast) => {
    const addresses = Array.from({ length: 20_000 }, (_, i) => `10.9.${i >> 8}.${i & 255}`);
    const { found, end } = await rows(client, `:addr in [${addresses.join(", ")}, 72.247.178.26]`);
    assert.equal(found.length, (await rows(client, "72.247.178.26")).found.length);
    assert.equal(end.limited, false);
    assert.equal(vast.calls().every((call) => call.join(" ").length < 200), true);
  });
});

Deno.test("export() tells that the limit of events was reached", async () => {
  await withClient({}, async (client) => {
    const { found, end } = await rows(client, "72.247.178.26", 2);
    assert.deepEqual([found.length, end.limited], [2, true]);
  });
});

Deno.test("export() maps what VAST says to typed errors", async () => {
  await withClient({}, async (client, { node }) => {
    const isFailure = (failure: string) => (error: unknown) =>
      error instanceof VastError && error.failure === failure;
    const isAway = (reason: string) => (error: unknown) =>
      error instanceof NodeAwayError && error.reason === reason;
    await assert.rejects(rows(client, ":addr in [1.2.3.456]"), isFailure("refused"));
    node.fail({ times: 1, stderr: "!! request_timeout\n", exit: 1 });
    await assert.rejects(rows(client, "1.2.3.4"), isFailure("overloaded"));
    node.fail({ times: 1, stderr: "!! what_is_this: 5\n", exit: 1 });
    await assert.rejects(rows(client, "1.2.3.4"), isFailure("unknown"));
    node.fail({ times: 1, drop: true });
    await assert.rejects(rows(client, "1.2.3.4"), isAway("gone"));
    node.fail({ times: 1, stdout: '{"ts": "2026-11-', exit: 0 });
    await assert.rejects(rows(client, "203.0.113.77"), isAway("gone"));
    node.fail({ times: 1, hang: true });
    const hanging = rows(client, "203.0.113.77");
    await node.asked(6);
    await node.stop();
    await assert.rejects(hanging, isAway("cut_short"));
    await assert.rejects(rows(client, "1.2.3.4"), isAway("unreachable"));
    await assert.rejects(client.check(never), isAway("unreachable"));
  });
});

Deno.test("export() survives a flood on standard error and keeps the message in it", async () => {
  await withClient({}, async (client, { node }) => {
    const stderr = "x".repeat(999) + "\n";
    node.fail({ times: 1, stderr: stderr.repeat(3000) });
    assert.equal((await rows(client, "72.247.178.26")).found.length > 0, true);
    node.fail({ times: 1, stderr: stderr.repeat(3000) + "!! request_timeout\n", exit: 1 });
    await assert.rejects(rows(client, "1.2.3.4"), VastError);
  });
});

Deno.test("export() ends its child on abort and when the rows are left", async () => {
  await withClient({}, async (client, { node }) => {
    const controller = new AbortController();
    const output = client.export({ query: "1.2.3.4", continuous: true }, controller.signal);
    const first = output.next();
    await node.watching(1);
    controller.abort();
    await assert.rejects(first, { name: "AbortError" });
    await node.watching(0);
    const query = { query: "192.168.168.100", continuous: true };
    const left = client.export(query, never);
    const row = left.next();
    await node.watching(1);
    node.feed([
      '{"ts": "2026-11-21T10:00:00", "id.orig_h": "192.168.168.100", "conn_state": "SF"}',
    ]);
    assert.equal((await row).done, false);
    await left.return(undefined as never);
    await node.watching(0);
  });
});

Deno.test("check() gives up on an endpoint that is no VAST", async () => {
  await using vast = await startVast();
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response("no"),
  );
  const client = createVastClient({
    endpoint: `127.0.0.1:${server.addr.port}`,
    binary: vast.binary,
    folder: vast.folder,
    statusTimeout: 300,
  });
  await assert.rejects(
    client.check(never),
    (error) => error instanceof NodeAwayError && error.reason === "no_vast",
  );
  await client.close();
});

Deno.test("check() names the key when there is no such program", async () => {
  const client = createVastClient({ endpoint: "127.0.0.1:1", binary: "/nonexistent/vast" });
  await assert.rejects(
    client.check(never),
    (error) => error instanceof ConfigError && error.place?.key === "vast_binary",
  );
  await client.close();
});

Deno.test("addToMatcher() never lets a value be taken for an option", async () => {
  await withClient({ features: ["matcher"] }, async (client, { node }) => {
    await client.addToMatcher("m", "evil.example", "threatbus__indicator--1", never);
    assert.deepEqual([...node.matchers.get("m")!], [["evil.example", "threatbus__indicator--1"]]);
    await assert.rejects(client.addToMatcher("m", "--help", "x", never), VastError);
    await client.removeFromMatcher("m", "evil.example", never);
    assert.equal(node.matchers.get("m")!.size, 0);
  });
});
