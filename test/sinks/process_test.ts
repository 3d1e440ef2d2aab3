import assert from "node:assert/strict";
import { parseCommand } from "../../src/command.ts";
import * as process from "../../sinks/process.ts";
import { parseSinkSpec } from "../../sinks/registry.ts";
import { type Sink, SinkError } from "../../sinks/sink.ts";
import { orAborted } from "../../src/wait.ts";
import { bridgeCommand } from "../cli/bridge.ts";
import { flow } from "../cli/run_process.ts";
import { type Receiver, testConformance } from "./conformance.ts";
import { deliveries, delivery, HOSTILE } from "./deliveries.ts";

const never = new AbortController().signal;
const context = { env: (name: string) => Deno.env.get(name) };

/** A folder with an executable `child`; `$DIR` in its script is the folder. */
async function withChild(
  script: string,
  body: (folder: string, child: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder, await makeChild(folder, script));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function makeChild(folder: string, script: string): Promise<string> {
  const child = `${folder}/child`;
  await Deno.writeTextFile(child, `#!/bin/bash\nDIR='${folder}'\n${script}\n`, { mode: 0o755 });
  return child;
}

async function openAt(form: string, commands = false): Promise<Sink> {
  const { module, options } = await parseSinkSpec(form, { commands });
  return await module.open(options, context, never);
}

const readLines = async (path: string) =>
  (await Deno.readTextFile(path).catch(() => "")).split("\n").slice(0, -1);

function subject(script: string, options: string) {
  return async (): Promise<Receiver> => {
    const folder = await Deno.makeTempDir();
    const child = await makeChild(folder, script);
    return {
      options: (await parseSinkSpec(`process:${child}?${options}`)).options,
      received: () => readLines(`${folder}/out`),
      breakDown: () => Deno.writeTextFile(`${folder}/broken`, ""),
      recover: () => Deno.remove(`${folder}/broken`),
      close: () => Deno.remove(folder, { recursive: true }),
    };
  };
}

testConformance("process (each)", {
  module: process,
  start: subject(
    `[ -e "$DIR/broken" ] && exit 3; cat >> "$DIR/out"; echo >> "$DIR/out"`,
    "mode=each",
  ),
});
testConformance("process (lines)", {
  module: process,
  start: subject(
    `while IFS= read -r line; do [ -e "$DIR/broken" ] && exit 3
     printf '%s\\n' "$line" >> "$DIR/out"; echo done; done`,
    "mode=lines&ack=true",
  ),
});

Deno.test("process restarts a child that dies midway and loses nothing that is retried", () =>
  withChild(
    `n=0; while IFS= read -r line; do printf '%s\\n' "$line" >> "$DIR/out"; echo; n=$((n+1))
     [ $n = 4 ] && kill -9 $$; done; exit 0`,
    async (folder, child) => {
      const sink = await openAt(`process:${child}?ack=true`);
      let batch = deliveries(0, 10) as readonly ReturnType<typeof delivery>[];
      let failures = 0;
      while (batch.length > 0) {
        try {
          await sink.write(batch, never);
          break;
        } catch (error) {
          assert(error instanceof SinkError && error.retryable);
          assert.match(error.message, /SIGKILL|closed its output/);
          batch = error.undelivered;
          failures++;
        }
      }
      assert(failures >= 2);
      await sink.close();
      assert.equal(new Set(await readLines(`${folder}/out`)).size, 10);
    },
  ));

Deno.test("process without ack hands over lines and waits for the child at close", () =>
  withChild(`cat > "$DIR/out"`, async (folder, child) => {
    const sink = await openAt(`process:${child}`);
    await sink.write(deliveries(0, 5000), never);
    await sink.close();
    assert.equal((await readLines(`${folder}/out`)).length, 5000);
  }));

Deno.test("process reports a child that fails at the end", () =>
  withChild(`cat > /dev/null; exit 9`, async (_folder, child) => {
    const sink = await openAt(`process:${child}`);
    await sink.write(deliveries(0, 1), never);
    await assert.rejects(sink.close(), /exited with 9/);
    await sink.close();
  }));

Deno.test("process does not mind a child that reads nothing and exits with 0", () =>
  withChild(`exit 0`, async (_folder, child) => {
    const sink = await openAt(`process:${child}?mode=each`);
    await sink.write([delivery(0, "x".repeat(1 << 20))], never);
    await sink.close();
  }));

Deno.test("process ends a child that takes too long", () =>
  withChild(`trap '' TERM; while :; do read -r -t 1 < <(:); done`, async (_folder, child) => {
    const sink = await openAt(`process:${child}?mode=each&timeout=200ms`);
    await assert.rejects(sink.write(deliveries(0, 1), never), /took too long/);
    await sink.close();
  }));

Deno.test("process takes a child for late by one answer, not by all of them together", () =>
  withChild(`while read -r line; do sleep 0.6; echo; done`, async (_folder, child) => {
    const sink = await openAt(`process:${child}?ack=true&timeout=4s`);
    await sink.write(deliveries(0, 8), never);
    await sink.close();
  }));

Deno.test("process does not wait for what a late child had started", () =>
  // That one holds the pipes of the child, and ends with the folder.
  withChild(
    `while [ -e "$DIR" ]; do sleep 0.05; done &
     wait`,
    async (_folder, child) => {
      for (const mode of ["each", "lines&ack=true"]) {
        const sink = await openAt(`process:${child}?mode=${mode}&timeout=500ms`);
        for (let round = 0; round < 2; round++) {
          // More than a pipe takes.
          const writing = sink.write([delivery(0, "x".repeat(1 << 18))], never);
          await assert.rejects(orAborted(writing, AbortSignal.timeout(120_000)), /took too long/);
        }
        await orAborted(sink.close(), AbortSignal.timeout(120_000));
      }
    },
  ));

Deno.test("process gives each value to the child as one argument, whatever it holds", () =>
  withChild(
    `printf '%s\\0' "$@" > "$DIR/args"; cat > "$DIR/body"`,
    async (folder, child) => {
      const sink = await openAt(`${child} --alert 'MY PREFIX' --ioc %ioc -t=%matchtype`, true);
      for (const [n, value] of HOSTILE.entries()) {
        await Deno.remove(`${folder}/args`).catch(() => {});
        const outcome = await sink.write([delivery(n, `{"n":${n}}`, value)], never)
          .catch((error) => error);
        const ran = await Deno.readTextFile(`${folder}/args`).catch(() => undefined);
        if (value.startsWith("-") || value.includes("\0") || value.length > 100_000) {
          assert(outcome instanceof SinkError && !outcome.retryable);
          assert.equal(outcome.undelivered.length, 1);
          assert.equal(ran, undefined);
        } else {
          const expected = ["--alert", "MY PREFIX", "--ioc", value.toWellFormed(), "-t=RETRO", ""];
          assert.deepEqual(ran!.split("\0"), expected);
          assert.equal(await Deno.readTextFile(`${folder}/body`), `{"n":${n}}`);
        }
      }
      const names = [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
      assert(!names.includes("pwned"));
      assert(!await Deno.stat("pwned").then(() => true, () => false));
    },
  ));

Deno.test("process lets a value begin with a dash after --", () => {
  const command = parseCommand("grep -e x -- %ioc", "sink");
  assert.deepEqual(command.fill({ ioc: "-rf", matchType: "LIVE" }), ["-e", "x", "--", "-rf"]);
  assert.throws(() => parseCommand("grep %ioc", "sink").fill({ ioc: "-rf", matchType: "LIVE" }));
});

Deno.test("process names what is wrong with a command", async () => {
  await assert.rejects(openAt("process:/nonexistent/sink"), /There is no program/);
  await assert.rejects(openAt("/nonexistent/sink", true), /There is no program/);
  await assert.rejects(openAt("/nonexistent/sink"), /There is no sink/);
  await assert.rejects(openAt("process:cat 'open"), /quote in the command does not end/);
  await assert.rejects(openAt("process:%ioc x"), /can't name the program/);
  await assert.rejects(openAt("process:cat %ioc?mode=lines"), /long-lived child/);
});

Deno.test("process takes a question mark in the command for its own", () => {
  const form = "process:curl http://localhost/?a=b";
  assert.deepEqual(process.parse(form), { command: form.slice(8) });
  assert.deepEqual(process.parse("process:cat?ack=true"), { command: "cat", ack: "true" });
});

Deno.test("a child that ignores its input ends with the second signal", () =>
  withChild(`echo $$ > "$DIR/pid"; exec sleep 1000`, async (folder, child) => {
    await Deno.writeTextFile(`${folder}/eve.json`, flow(1, "203.0.113.1"));
    const asked = ["retro", "--ioc", "203.0.113.1", "--logs", `${folder}/eve.json`];
    const call = bridgeCommand([...asked, "--sink", `process:${child}`]);
    const bridge = new Deno.Command(call.command, {
      args: call.args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const [pid] = await until(() => readLines(`${folder}/pid`), ({ length }) => length > 0);
    // Signals that come while one is pending count as one: they are sent until it has ended.
    let over = false;
    const status = bridge.status.finally(() => over = true);
    await until(() => {
      try {
        bridge.kill("SIGTERM");
      } catch { /* it has ended, and its status is about to be told */ }
      return Promise.resolve(over);
    }, (over) => over);
    assert.equal((await status).code, 143);
    const stateOf = () => Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "gone Z");
    await until(stateOf, (stat) => / Z/.test(stat));
  }));

async function until<T>(look: () => Promise<T>, is: (seen: T) => boolean): Promise<T> {
  for (;;) {
    const seen = await look();
    if (is(seen)) return seen;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
