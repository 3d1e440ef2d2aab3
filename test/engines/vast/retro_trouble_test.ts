import assert from "node:assert/strict";
import { NodeAwayError } from "../../../src/engines/vast/errors.ts";
import { open } from "../../../src/engines/vast/mod.ts";
import { startNode } from "../../recorded_node/node.ts";
import { cutEvents, startVast } from "../../recorded_node/mod.ts";
import { hunt, truth, withEngine } from "./hunting.ts";

const MANY = Array.from({ length: 60 }, (_, i) => `10.77.0.${i}`);
const SEEN = ["72.247.178.26", "lvb.avg.com"];
const ALL = [...MANY, ...SEEN];
const want = truth(cutEvents(), SEEN);

Deno.test("retro() bisects a refused batch down to the culprit and loses nothing else", async () => {
  await withEngine(async (engine, { node }) => {
    node.fail({
      when: (query) => query.includes("10.77.0.33"),
      stderr: "!! parse_error\n",
      exit: 1,
    });
    const { rows, troubles } = await hunt(engine, ALL);
    assert.deepEqual(rows, want);
    assert.equal(troubles.length, 1);
    assert.match(troubles[0]!.what, /^10\.77\.0\.33 could not be looked up .*parse_error/);
    assert.equal(troubles[0]!.unread, true);
  });
});

Deno.test("retro() bisects a batch that takes too long", async () => {
  await withEngine(async (engine, { node }) => {
    node.fail({ when: (query) => query.includes("10.77.0.5"), hang: true });
    const { rows, troubles } = await hunt(engine, ["10.77.0.5", ...SEEN]);
    assert.deepEqual(rows, want);
    assert.deepEqual(troubles.map(({ what }) => what.split(" ")[0]), ["10.77.0.5"]);
  }, { retro_match_timeout: 6000 });
});

Deno.test("retro() asks again what was cut short, delivering nothing twice", async () => {
  await withEngine(async (engine, { node }) => {
    const bytes = cutEvents().filter((row) =>
      new TextDecoder().decode(row).includes("lvb.avg.com")
    );
    const half = new TextDecoder().decode(bytes[0]!).slice(0, 100);
    node.fail({ times: 1, rows: 1, drop: true });
    node.fail({ times: 1, rows: 0, stdout: half, exit: 0 });
    node.fail({
      times: 1,
      rows: 0,
      stderr: "[1] exporter processed 0 candidates at 0 in 0.0ns\n",
      exit: 0,
    });
    const { rows, troubles } = await hunt(engine, SEEN);
    assert.deepEqual(rows, want);
    assert.deepEqual(troubles, []);
    assert.equal(node.queries.length, 4);
  });
});

Deno.test("retro() takes a node without events for what it is", async () => {
  await withEngine(async (engine, { node }) => {
    node.fail({ rows: 0, stderr: "[1] exporter processed 0 candidates at 0 in 0.0ns\n", exit: 0 });
    const { matches, troubles } = await hunt(engine, SEEN);
    assert.deepEqual([matches, troubles], [[], []]);
  }, { node: { events: [] } });
});

Deno.test("retro() runs fewer queries at once on an overloaded node, and all in the end", async () => {
  await withEngine(async (engine, { node }) => {
    node.fail({ times: 4, stderr: "!! request_timeout\n", exit: 1 });
    const { rows, troubles } = await hunt(engine, ALL);
    assert.deepEqual(rows, want);
    assert.deepEqual(troubles, []);
    assert.equal(node.peak <= 3, true);
  }, { retro_batch_size: 10 });
});

Deno.test("retro() counts rows that are no JSON and gives the others", async () => {
  await withEngine(async (engine, { node }) => {
    node.fail({ times: 1, stdout: 'garbage\n[1]\n{"ts": \n' });
    const { rows, troubles } = await hunt(engine, SEEN);
    assert.deepEqual(rows, want);
    assert.deepEqual(troubles.map(({ count, unread }) => [count, unread]), [[3, true]]);
  });
});

for (const how of ["stop", "kill"] as const) {
  Deno.test(`retro() waits for a node that midway gets a ${how} and comes back`, async () => {
    await withEngine(async (engine, { node }) => {
      node.fail({ times: 1, hang: true });
      const hunting = hunt(engine, SEEN);
      await node.asked(1);
      await node[how]();
      const again = startNode({ events: cutEvents(), port: node.port });
      try {
        assert.deepEqual((await hunting).rows, want);
        assert.equal(engine.health!().type, "up");
      } finally {
        await again.kill();
      }
    });
  });
}

Deno.test("retro() needs none of VAST's log, which a user's configuration may silence", async () => {
  await using vast = await startVast();
  const quiet = `${vast.folder}/quiet`;
  await Deno.writeTextFile(quiet, `#!/bin/sh\nexec '${vast.binary}' --verbosity=quiet "$@"\n`, {
    mode: 0o755,
  });
  const engine = await open({ vast: vast.node.endpoint, vast_binary: quiet });
  try {
    const { rows, troubles } = await hunt(engine, ["72.247.178.18", ...SEEN], { maxEvents: 2 });
    const counts = Object.values(rows).map(({ length }) => length);
    assert.deepEqual([counts, troubles], [[2, 2, 2], []]);
    // The node stops before it answers: no rows, no word, exit code 0.
    vast.node.fail({ times: 1, hang: true });
    const hunting = hunt(engine, SEEN);
    const asked = vast.node.queries.length;
    await vast.node.asked(asked + 1);
    await vast.node.stop();
    const again = startNode({ events: cutEvents(), port: vast.node.port });
    try {
      assert.deepEqual((await hunting).rows, want);
    } finally {
      await again.kill();
    }
  } finally {
    await engine.close();
  }
});

for (
  const [what, said, times] of [
    ["is overloaded when it is asked", "!! request_timeout", 2],
    ["can't tell them", "error: invalid option parameter", 1_000],
  ] as const
) {
  Deno.test(`retro() hunts on a node that ${what} for its layouts`, async () => {
    await using vast = await startVast();
    const binary = `${vast.folder}/moody`;
    const script = [
      "#!/bin/sh",
      'case "$*" in *--detailed*)',
      `  echo >> '${vast.folder}/count'`,
      `  if [ $(wc -l < '${vast.folder}/count') -le ${times} ]; then echo '${said}' >&2; exit 1; fi`,
      "esac",
      `exec '${vast.binary}' "$@"`,
      "",
    ];
    await Deno.writeTextFile(binary, script.join("\n"), { mode: 0o755 });
    const engine = await open({ vast: vast.node.endpoint, vast_binary: binary });
    try {
      const { rows, troubles } = await hunt(engine, ALL);
      assert.deepEqual([rows, troubles], [want, []]);
    } finally {
      await engine.close();
    }
  });
}

Deno.test("retro() fails at once when there is no node to begin with", async () => {
  await withEngine(async (engine, { node }) => {
    await node.kill();
    await assert.rejects(
      hunt(engine, SEEN),
      (error) => error instanceof NodeAwayError && error.reason === "unreachable",
    );
  });
});

Deno.test("retro() waits for ever for a node when that is wanted", async () => {
  await withEngine(async (engine, { node }) => {
    await node.kill();
    const hunting = hunt(engine, SEEN);
    const again = startNode({ events: cutEvents(), port: node.port });
    try {
      assert.deepEqual((await hunting).rows, want);
    } finally {
      await again.kill();
    }
  }, { patience: Infinity });
});
