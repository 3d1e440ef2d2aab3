import assert from "node:assert/strict";
import { parseSinkSpec } from "../../sinks/registry.ts";
import type { BridgeError } from "../../src/errors.ts";
import type { SinkContext } from "../../sinks/sink.ts";

Deno.test("parseSinkSpec() reads the short forms", async () => {
  for (const form of ["stdout", "STDOUT", "StdOut", "-"]) {
    assert.equal((await parseSinkSpec(form)).module.spec.name, "stdout");
  }
  const { options, label } = await parseSinkSpec("file:/p?fsync=true&rotate_size=1MiB");
  assert.deepEqual(options, {
    path: "/p",
    fsync: true,
    mode: "0640",
    rotate_size: 1024 ** 2,
    rotate_age: 0,
    keep: 10,
  });
  assert.equal(label, "file:/p");
  for (const mark of "?#") {
    const local = await parseSinkSpec(`syslog:/run/log${mark}protocol=rfc3164`);
    assert.equal(local.options["path"], "/run/log");
    assert.equal(local.options["protocol"], "rfc3164");
    assert.equal(local.label, "syslog:/run/log");
  }
  assert.equal((await parseSinkSpec("file:/what?is this")).options["path"], "/what?is this");
});

Deno.test("parseSinkSpec() reads mappings of the configuration", async () => {
  const flat = await parseSinkSpec({ sink: "file:/p", format: "match", fsync: true, keep: 3 });
  const nested = await parseSinkSpec({ sink: "file:/p", options: { fsync: true, keep: 3 } });
  assert.equal(flat.format, "match");
  assert.deepEqual(flat.options, nested.options);
  assert.equal(flat.options["keep"], 3);
});

Deno.test("parseSinkSpec() names what is wrong", async () => {
  await assert.rejects(parseSinkSpec("fiel:/p"), /There is no sink "fiel:\/p"/);
  await assert.rejects(parseSinkSpec("htps://u:p@h/secret"), /There is no sink "htps:\/\/…"/);
  await assert.rejects(parseSinkSpec("file:"), /Something is missing/);
  await assert.rejects(parseSinkSpec("file:/p?fsnc=true"), (error: Error & { hint?: string }) => {
    assert.match(error.message, /Unknown key/);
    assert.match(error.hint!, /fsync/);
    return true;
  });
  await assert.rejects(parseSinkSpec("file:/p?fsync=perhaps"), /Expected true or false/);
  await assert.rejects(parseSinkSpec({ format: "csv" }), /needs the key sink/);
});

Deno.test("parseSinkSpec() loads a person's own module and says what it lacks", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const good = `${folder}/good.js`;
    await Deno.writeTextFile(
      good,
      `export const spec = { name: "good", summary: "", forms: [], guarantee: "at-most-once",
        confirms: "", examples: [], options: { n: { type: "integer", doc: "a number", default: 1 } } };
      export async function open() { return { async write() {}, async close() {} }; }`,
    );
    const { module, options } = await parseSinkSpec(`${good}?n=5`);
    assert.equal(module.spec.name, "good");
    assert.deepEqual(options, { n: 5 });
    await Deno.writeTextFile(`${folder}/bad.mjs`, `export const open = 1;`);
    await assert.rejects(parseSinkSpec(`${folder}/bad.mjs`), /no sink: it does not export a func/);
    await Deno.writeTextFile(
      `${folder}/lame.js`,
      (await Deno.readTextFile(good)).replace("async write() {}, ", ""),
    );
    const lame = await parseSinkSpec(`${folder}/lame.js`);
    const { signal } = new AbortController();
    await assert.rejects(
      lame.module.open(lame.options, {} as SinkContext, signal),
      /no sink: it has no write\(\)/,
    );
    await Deno.writeTextFile(
      `${folder}/thrower.js`,
      (await Deno.readTextFile(good)).replace("return {", "throw 'no key'; return {"),
    );
    const thrower = await parseSinkSpec(`${folder}/thrower.js`);
    await assert.rejects(
      thrower.module.open(thrower.options, {} as SinkContext, signal),
      (error: BridgeError) =>
        error.message === "Can't open the sink: no key" &&
        error.place?.file === `${folder}/thrower.js`,
    );
    await assert.rejects(parseSinkSpec(`${folder}/none.ts`), /Can't load the sink module/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
