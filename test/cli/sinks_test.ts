import assert from "node:assert/strict";
import { bridge, bridgeCommand } from "./bridge.ts";

async function withLog(use: (folder: string, log: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const log = `${folder}/eve.json`;
    const lines = [1, 2, 3].map((n) =>
      JSON.stringify({
        timestamp: `2026-11-21T00:00:0${n}.000000+0000`,
        event_type: "dns",
        src_ip: "10.0.0.1",
        dns: { rrname: "evil.example" },
      })
    );
    await Deno.writeTextFile(log, lines.join("\n") + "\n");
    await use(folder, log);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("bridge sinks list tells of every sink, from the sinks themselves", async () => {
  const { stdout, code } = await bridge(["sinks", "list", "--json"]);
  assert.equal(code, 0);
  const specs = JSON.parse(stdout);
  const names = specs.map(({ name }: { name: string }) => name);
  assert.deepEqual(names, ["stdout", "file", "syslog", "webhook", "process"]);
  for (const { forms, guarantee, confirms, options } of specs) {
    assert(forms.length > 0 && confirms.length > 0 && typeof options === "object");
    assert.match(guarantee, /^at-(most|least)-once$/);
  }
  const { stdout: text } = await bridge(["sinks", "list"]);
  for (const name of names) assert(text.includes(`${name}: `));
});

Deno.test("bridge retro writes to several sinks at once, through their failures", () =>
  withLog(async (folder, log) => {
    let calls = 0;
    const bodies: string[] = [];
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async (request) => {
        const body = await request.text();
        if (++calls <= 2) return new Response("", { status: 500 });
        bodies.push(body);
        return new Response();
      },
    );
    const { stdout, code, stderr } = await bridge([
      ...["retro", "--ioc", "evil.example", "--logs", log, "--sink", "stdout"],
      ...["--sink", `file:${folder}/out`, "--sink", `http://127.0.0.1:${server.addr.port}/`],
      ...["--sink", `process:sh -c 'cat > ${folder}/child'`],
    ]);
    await server.shutdown();
    assert.equal(code, 0, stderr);
    const expected = await Deno.readTextFile(log);
    assert.equal(stdout, expected);
    assert.equal(await Deno.readTextFile(`${folder}/out`), expected);
    assert.equal(await Deno.readTextFile(`${folder}/child`), expected);
    assert.deepEqual(bodies.map((body) => JSON.parse(body).length), [3]);
  }));

Deno.test("bridge retro exits with 2 and counts what a sink did not take", () =>
  withLog(async (_folder, log) => {
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () => new Response("", { status: 400 }),
    );
    const { stdout, code, stderr } = await bridge([
      ...["retro", "--ioc", "evil.example", "--logs", log, "--sink", "stdout"],
      ...["--sink", `http://user:hunter2@127.0.0.1:${server.addr.port}/?key=s3cret`],
    ]);
    await server.shutdown();
    assert.equal(code, 2);
    assert.equal(stdout, await Deno.readTextFile(log));
    assert.match(stderr, /answered 400/);
    assert.match(stderr, /3 hits not delivered/);
    assert.doesNotMatch(stderr, /hunter2|s3cret/);
  }));

Deno.test("bridge retro says what helps a sink that failed", () =>
  withLog(async (_folder, log) => {
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () => Response.redirect("http://elsewhere.example/hook", 307),
    );
    const { code, stderr } = await bridge([
      ...["retro", "--ioc", "evil.example", "--logs", log],
      ...["--sink", `http://127.0.0.1:${server.addr.port}/`],
    ]);
    await server.shutdown();
    assert.equal(code, 2);
    assert.match(
      stderr,
      /another host \(http:\/\/elsewhere\.example\).*3 hits not delivered\. Name the URL/,
    );
  }));

Deno.test("bridge retro takes the sinks of the configuration, says so, and flags win", () =>
  withLog(async (folder, log) => {
    const expected = await Deno.readTextFile(log);
    const config = `${folder}/config.yaml`;
    const call = ["retro", "--ioc", "evil.example", "--logs", log, "--config", config];
    await Deno.writeTextFile(
      config,
      `sinks: [{sink: "file:${folder}/match", format: match}, "file:${folder}/hits?fsync=true"]\n` +
        `sink: tee -a ${folder}/ancestor\n`,
    );
    const configured = await bridge(call);
    assert.equal(configured.code, 0, configured.stderr);
    assert.match(
      configured.stderr,
      /Hits go to file:.*match, file:.*hits, process:tee \(.*config\.yaml:1\)/,
    );
    assert.equal(await Deno.readTextFile(`${folder}/hits`), expected);
    assert.equal((await Deno.readTextFile(`${folder}/match`)).split("\n").length, 4);
    const bodies = (text: string) => text.replaceAll("\n", "");
    assert.equal(bodies(await Deno.readTextFile(`${folder}/ancestor`)), bodies(expected));
    await Deno.writeTextFile(config, 'snapshot: 1\nsinks: ["file:/nonexistent/out"]\n');
    const wrong = await bridge(call);
    assert.equal(wrong.code, 2);
    assert.match(
      wrong.stderr,
      /^bridge: .*config\.yaml:2:8: key "sinks": Can't open \/nonexistent/,
    );
    const flagged = await bridge([...call, "--sink", "stdout"]);
    assert.deepEqual([flagged.stdout, flagged.stderr], [expected, ""]);
  }));

Deno.test("bridge retro names a sink that can't be opened before it hunts", () =>
  withLog(async (_folder, log) => {
    for (const sink of ["file:/nonexistent/out", "process:/nonexistent/program", "ftp://host"]) {
      const { stdout, code, stderr } = await bridge([
        ...["retro", "--ioc", "evil.example", "--logs", log, "--sink", sink],
      ]);
      assert.deepEqual([stdout, code], ["", 2]);
      assert(!stderr.includes("    at "), stderr);
      assert.match(stderr, /nonexistent|no sink "ftp/);
    }
  }));

Deno.test("bridge retro ends with 2 and no stack when a person's sink breaks where nobody looks", () =>
  withLog(async (folder, log) => {
    for (
      const [write, expected] of [
        [
          "setTimeout(() => { throw new Error('late') }); return new Promise(() => {});",
          /: late\n/,
        ],
        ["Promise.reject(new Error('loose')); return new Promise(() => {});", /: loose\n/],
        ["return new Promise(() => {});", /what it waited for will never come/],
      ] as const
    ) {
      const sink = `${folder}/${crypto.randomUUID()}.js`;
      await Deno.writeTextFile(
        sink,
        `export const spec = { name: "mine", options: {}, forms: [] };
        export function open() { return { write() { ${write} }, async close() {} }; }`,
      );
      const { code, stderr } = await bridge([
        ...["retro", "--ioc", "evil.example", "--logs", log, "--sink", sink],
      ]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, expected);
      assert.doesNotMatch(stderr, /\n\s+at /);
    }
  }));

Deno.test({
  name: "bridge retro says what failed when the disk takes not even a header",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withLog(async (_folder, log) => {
      const call = bridgeCommand(["retro", "--ioc", "evil.example", "--logs", log]);
      for (const flag of ["--format=csv", "--bundle"]) {
        const quoted = [call.command, ...call.args, flag].map((word) => `'${word}'`).join(" ");
        const { code, stderr } = await new Deno.Command("sh", {
          args: ["-c", `${quoted} >/dev/full`],
        }).output();
        assert.equal(code, 2);
        assert.match(
          new TextDecoder().decode(stderr),
          /Can't write to standard output: No space left on device\n/,
        );
      }
    }),
});

Deno.test("bridge retro, interrupted, does not wait for a sink that asks to come back later", () =>
  withLog(async (folder, log) => {
    const asked = Promise.withResolvers<void>();
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
      asked.resolve();
      return new Response("", { status: 429, headers: { "retry-after": "3600" } });
    });
    const config = `${folder}/config.yaml`;
    await Deno.writeTextFile(config, "shutdown_timeout: 0.1\n");
    const sink = `http://127.0.0.1:${server.addr.port}/`;
    const { command, args } = bridgeCommand([
      ...["retro", "--ioc", "evil.example", "--logs", log, "--sink", sink, "--config", config],
    ]);
    const child = new Deno.Command(command, { args, stdout: "null", stderr: "piped" }).spawn();
    await asked.promise;
    const stderr = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
    let said = "";
    while (!said.includes("tried again")) said += (await stderr.read()).value ?? "";
    assert.match(said, /is tried again in 3600 s: .*429 Too Many Requests/);
    child.kill("SIGTERM");
    for (let part; (part = (await stderr.read()).value) !== undefined;) said += part;
    assert.equal((await child.status).code, 2);
    assert.match(said, /3 hits not delivered/);
    await server.shutdown();
  }));
