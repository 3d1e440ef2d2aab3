import assert from "node:assert/strict";
import type { Match } from "../../src/engines/engine.ts";
import { loadFormat } from "../../src/formats/registry.ts";
import { createTransformer, type TransformOptions } from "../../src/pipeline/transform.ts";
import { orAborted } from "../../src/wait.ts";
import { HOSTILE } from "../sinks/deliveries.ts";
import { matchOf } from "../formats/matches.ts";

const never = new AbortController().signal;
const encoder = new TextEncoder(), decoder = new TextDecoder();
const env = (name: string) => Deno.env.get(name);

function transformer(command: string, more: Partial<TransformOptions> = {}) {
  const made = createTransformer({ command, mode: "process", timeout: 120_000, env, ...more });
  /** All matches, the width of the batch under way at once; `context` set where the command did it. */
  const apply = (matches: readonly Match[], signal: AbortSignal): Promise<Match[]> =>
    Promise.all(matches.map(async (match) => {
      const context = await made.transform(match, signal);
      return context === undefined ? match : { ...match, context };
    }));
  return { ...made, apply };
}

const valueOf = ({ context }: Match) => JSON.parse(decoder.decode(context!));

async function withScript(
  script: string,
  body: (script: string, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/transform`;
    await Deno.writeTextFile(
      path,
      `#!/usr/bin/env python3\nimport json, os, sys, time\n${script}`,
      {
        mode: 0o755,
      },
    );
    await body(path, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const WRAP = `json.dump({"wrapped": json.load(sys.stdin), "args": sys.argv[1:]}, sys.stdout)`;
const WRAP_LINES = `for line in sys.stdin:
    print(json.dumps({"wrapped": json.loads(line), "pid": os.getpid()}), flush=True)`;
const events = (from: number, count: number) =>
  Array.from({ length: count }, (_, at) => matchOf({ n: from + at }));

Deno.test("createTransformer() starts the command for each event, arguments filled", () =>
  withScript(WRAP, async (script) => {
    const command = `${script} alertify --alert-prefix 'MY PREFIX' --ioc %ioc --type %matchtype`;
    const one = transformer(command);
    const [match] = await one.apply([matchOf({ ts: "2014-05-23T18:02:04.149036", n: 1 })], never);
    const args = ["alertify", "--alert-prefix", "MY PREFIX", "--ioc", "evil.example", "--type"];
    assert.deepEqual(valueOf(match!), {
      wrapped: { ts: "2014-05-23T18:02:04.149036", n: 1 },
      args: [...args, "RETRO"],
    });
    assert.deepEqual(one.counts, { transformed: 1, untransformed: 0 });
    await one.close();
  }));

Deno.test("formats send the transformed context; id and time stay the event's", () =>
  withScript(WRAP, async (script) => {
    const before = matchOf({ ts: "2014-05-23T18:02:04.149036" });
    const [after] = await transformer(script).apply([before], never);
    const sighting = await loadFormat("sighting");
    const [plain, changed] = [before, after!].map((match) =>
      JSON.parse(decoder.decode(sighting.render(match)))
    );
    assert.deepEqual(changed.x_threatbus_sighting_context.wrapped, before.event.value);
    assert.equal(changed.id, plain.id);
    assert.equal(changed.last_seen, "2014-05-23T18:02:04.149036Z");
    const context = (await loadFormat("context")).render(after!);
    assert.deepEqual(JSON.parse(decoder.decode(context)).wrapped, before.event.value);
    const line = JSON.parse(decoder.decode((await loadFormat("match")).render(after!)));
    assert.deepEqual(line.event.wrapped, before.event.value);
  }));

Deno.test("createTransformer() gives each value to the command as one argument", () =>
  withScript(WRAP, async (script, folder) => {
    const one = transformer(`${script} --ioc %ioc -x='%ioc'`);
    const matches = HOSTILE.map((value) => matchOf({ n: 1 }, value));
    for (const [at, match] of (await one.apply(matches, never)).entries()) {
      const value = HOSTILE[at]!;
      const unsafe = value.startsWith("-") || value.includes("\0") || value.length > 100_000;
      assert.equal(match.context === undefined, unsafe, JSON.stringify(value.slice(0, 50)));
      if (unsafe) continue;
      const sent = value.toWellFormed();
      assert.deepEqual(valueOf(match)["args"], ["--ioc", sent, `-x=${sent}`]);
    }
    assert.equal([...Deno.readDirSync(folder)].length, 1);
    assert(!await Deno.stat("pwned").then(() => true, () => false));
  }));

Deno.test("createTransformer() lets events go on untransformed when the command fails twice", async () => {
  for (
    const script of [
      "sys.exit(3)",
      "print('this is not json')",
      "print('[1]')",
      "pass",
      'sys.stdout.buffer.write(b\'{"a": "\\xff"}\')',
    ]
  ) {
    await withScript(script, async (path) => {
      const one = transformer(path);
      const matches = events(0, 2);
      assert.deepEqual(await one.apply(matches, never), matches);
      assert.deepEqual(one.counts, { transformed: 0, untransformed: 2 });
    });
  }
});

Deno.test("createTransformer() tries a second time", () =>
  withScript(
    `flag = sys.argv[0] + ".seen"
if not os.path.exists(flag):
    open(flag, "w").close()
    sys.exit(1)
${WRAP}`,
    async (script) => {
      const [match] = await transformer(script).apply(events(0, 1), never);
      assert.deepEqual(valueOf(match!)["wrapped"], { n: 0 });
    },
  ));

Deno.test("createTransformer() ends a command that takes too long", async () => {
  await withScript("time.sleep(600)", async (script) => {
    const one = transformer(script, { timeout: 300 });
    const matches = events(0, 2);
    assert.deepEqual(await one.apply(matches, never), matches);
  });
  await withScript("sys.stdin.readline(); time.sleep(600)", async (script) => {
    const one = transformer(script, { timeout: 300, mode: "lines" });
    const matches = events(0, 1);
    assert.deepEqual(await one.apply(matches, never), matches);
    await one.close();
  });
});

Deno.test("createTransformer() does not wait for what a late command had started", () =>
  withScript(
    // It holds the pipes of the command, and ends with the folder.
    `if os.fork() > 0: time.sleep(600)
while os.path.exists(os.path.dirname(sys.argv[0])): time.sleep(0.05)`,
    async (script) => {
      for (const mode of ["process", "lines"] as const) {
        const one = transformer(script, { mode, timeout: 500 });
        const matches = events(0, 1);
        const done = one.apply(matches, never);
        assert.deepEqual(await orAborted(done, AbortSignal.timeout(120_000)), matches);
        await orAborted(one.close(), AbortSignal.timeout(120_000));
      }
    },
  ));

Deno.test("createTransformer() exchanges lines with one long-lived child, in order", () =>
  withScript(WRAP_LINES, async (script) => {
    const one = transformer(script, { mode: "lines" });
    const matches = [
      ...await one.apply(events(0, 2500), never),
      ...await one.apply(events(2500, 10), never),
    ];
    assert.deepEqual(
      matches.map((match) => valueOf(match)["wrapped"]),
      Array.from({ length: 2510 }, (_, n) => ({ n })),
    );
    assert.equal(new Set(matches.map((match) => valueOf(match)["pid"])).size, 1);
    await one.close();
  }));

Deno.test("createTransformer() starts a child anew that dies, and loses nothing", () =>
  withScript(
    `for line in sys.stdin:
    value = json.loads(line)
    if value["n"] == 30: os._exit(1)
    print("not json" if value["n"] == 40 else json.dumps({"wrapped": value}), flush=True)`,
    async (script) => {
      const one = transformer(script, { mode: "lines" });
      const matches = await one.apply(events(0, 50), never);
      const untransformed = matches.filter((match) => match.context === undefined);
      assert.deepEqual(untransformed.map((match) => match.event.value["n"]), [30, 40]);
      await one.close();
    },
  ));

Deno.test("createTransformer() gives no event the answer to another when lines are answered with several", () =>
  withScript(
    `for line in sys.stdin:
    sys.stdout.write(line + line)
    sys.stdout.flush()`,
    async (script) => {
      const one = transformer(script, { mode: "lines" });
      const matches = events(0, 5);
      assert.deepEqual(await one.apply(matches, never), matches);
      assert.deepEqual(one.counts, { transformed: 0, untransformed: 5 });
      await one.close();
    },
  ));

Deno.test("createTransformer() stops at once when the signal aborts", () =>
  withScript("time.sleep(600)", async (script) => {
    for (const mode of ["process", "lines"] as const) {
      const one = transformer(script, { mode, timeout: 500 });
      const abort = new AbortController();
      const applying = one.apply(events(0, 1), abort.signal);
      abort.abort(new Error("stop"));
      await assert.rejects(applying, /stop/);
      await one.close();
    }
  }));

Deno.test("createTransformer() names what is wrong with the command", () => {
  assert.throws(() => transformer("/nonexistent %ioc"), /There is no program/);
  assert.throws(() => transformer("cat 'x"), /quote in the command does not end/);
  assert.throws(() => transformer("cat %ioc", { mode: "lines" }), /long-lived command/);
});

Deno.test("createTransformer() keeps an answer of several lines on one", () =>
  withScript("print(json.dumps(json.load(sys.stdin), indent=2))", async (script) => {
    const [match] = await transformer(script).apply(events(7, 1), never);
    assert.deepEqual(match!.context, encoder.encode('{"n":7}'));
  }));
