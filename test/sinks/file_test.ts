import assert from "node:assert/strict";
import * as file from "../../sinks/file.ts";
import { parseSinkSpec } from "../../sinks/registry.ts";
import { type Sink, SinkError } from "../../sinks/sink.ts";
import { context, testConformance } from "./conformance.ts";
import { deliveries, delivery, HOSTILE } from "./deliveries.ts";

const never = new AbortController().signal;

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function openAt(form: string, more = {}): Promise<Sink> {
  const { module, options } = await parseSinkSpec(form);
  return await module.open(options, { ...context, ...more }, never);
}

testConformance("file", {
  module: file,
  async start() {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/hits`;
    const { options } = await parseSinkSpec(`file:${path}`);
    const lines = async () => (await Deno.readTextFile(path)).split("\n").slice(0, -1);
    return { options, received: lines, close: () => Deno.remove(folder, { recursive: true }) };
  },
});

Deno.test("file appends, and ends a line that a crash tore off", () =>
  inFolder(async (folder) => {
    const path = `${folder}/hits`;
    await Deno.writeTextFile(path, '{"n":0}\n{"to');
    const sink = await openAt(`file:${path}`);
    await sink.write(deliveries(1, 1), never);
    await sink.close();
    assert.equal(await Deno.readTextFile(path), '{"n":0}\n{"to\n{"n":1}\n');
  }));

Deno.test("file makes new files with the mode that was asked for", () =>
  inFolder(async (folder) => {
    const sink = await openAt(`file:${folder}/hits?mode=0600&fsync=true`);
    await sink.write(deliveries(0, 1), never);
    await sink.close();
    assert.equal((await Deno.stat(`${folder}/hits`)).mode! & 0o777, 0o600);
    await assert.rejects(openAt(`file:${folder}/hits?mode=rw`), /Not an octal mode/);
  }));

Deno.test("file rotates by size, loses no line and prunes", () =>
  inFolder(async (folder) => {
    const head = new TextEncoder().encode("head");
    const sink = await openAt(`file:${folder}/hits?rotate_size=100&keep=0`, { head });
    await sink.write(deliveries(0, 100), never);
    await sink.close();
    const names = [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
    assert(names.length > 5);
    const lines: string[] = [];
    for (const name of [...names.slice(1), "hits"]) {
      const text = await Deno.readTextFile(`${folder}/${name}`);
      assert(text.length <= 100, `${name} has ${text.length} bytes`);
      assert(text.startsWith("head\n"));
      lines.push(...text.split("\n").slice(1, -1));
    }
    assert.deepEqual(lines, Array.from({ length: 100 }, (_, n) => `{"n":${n}}`));
    const pruned = await openAt(`file:${folder}/hits?rotate_size=100&keep=2`);
    await pruned.write(deliveries(0, 100), never);
    await pruned.close();
    assert.equal([...Deno.readDirSync(folder)].length, 3);
  }));

Deno.test("file rotates by age", () =>
  inFolder(async (folder) => {
    const sink = await openAt(`file:${folder}/hits?rotate_age=1ms`);
    await sink.write(deliveries(0, 1), never);
    const begun = Date.now();
    while (Date.now() <= begun + 2) await Promise.resolve();
    await sink.write(deliveries(1, 1), never);
    await sink.close();
    assert.equal(await Deno.readTextFile(`${folder}/hits`), '{"n":1}\n');
  }));

Deno.test("file writes its head once and its tail at the end", () =>
  inFolder(async (folder) => {
    const more = { head: new TextEncoder().encode("["), tail: new TextEncoder().encode("]") };
    const sink = await openAt(`file:${folder}/hits`, more);
    await sink.write(deliveries(0, 1), never);
    await sink.close();
    assert.equal(await Deno.readTextFile(`${folder}/hits`), '[\n{"n":0}\n]\n');
  }));

Deno.test("file reopens after another program moved it away", () =>
  inFolder(async (folder) => {
    const sink = await openAt(`file:${folder}/hits`);
    await sink.write(deliveries(0, 1), never);
    await Deno.rename(`${folder}/hits`, `${folder}/hits.1`);
    await sink.write(deliveries(1, 1), never);
    await sink.reopen!();
    await sink.write(deliveries(2, 1), never);
    await sink.close();
    assert.equal(await Deno.readTextFile(`${folder}/hits.1`), '{"n":0}\n{"n":1}\n');
    assert.equal(await Deno.readTextFile(`${folder}/hits`), '{"n":2}\n');
  }));

Deno.test("file says what is wrong where it can't open, and what it could not write", async () => {
  await assert.rejects(openAt("file:/nonexistent/hits"), (error) => {
    assert(error instanceof SinkError);
    assert.match(error.message, /^Can't open \/nonexistent\/hits/);
    assert.match(error.hint!, /Make the folder/);
    return true;
  });
  const full = await openAt("file:/dev/full");
  const batch = deliveries(0, 2);
  const error = await full.write(batch, never).catch((error) => error);
  assert(error instanceof SinkError && error.retryable);
  assert.match(error.message, /No space left/);
  assert.deepEqual(error.undelivered, batch);
  await full.close();
});

Deno.test("file keeps hostile bodies as they are", () =>
  inFolder(async (folder) => {
    const sink = await openAt(`file:${folder}/hits`);
    const bodies = [...HOSTILE.map((value) => JSON.stringify({ value }))];
    await sink.write(bodies.map((body, n) => delivery(n, body, HOSTILE[n])), never);
    await sink.write([delivery(99, Uint8Array.of(0xff, 0xfe))], never);
    await sink.close();
    const bytes = await Deno.readFile(`${folder}/hits`);
    const lines = new TextDecoder().decode(bytes).split("\n");
    assert.deepEqual(lines.slice(0, HOSTILE.length), bodies);
    assert.deepEqual([...bytes.slice(-3)], [0xff, 0xfe, 10]);
    assert.deepEqual([...Deno.readDirSync(folder)].map((entry) => entry.name), ["hits"]);
  }));
