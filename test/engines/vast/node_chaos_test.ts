/**
 * Hunts on a node that is killed, stopped, slow, refusing, overloaded or talks
 * nonsense, at random, and always comes back: every row in the end, each once.
 * `VAST_CHAOS_SEED` makes it another run, `VAST_CHAOS_ROUNDS` a longer one.
 */
import assert from "node:assert/strict";
import { open } from "../../../src/engines/vast/mod.ts";
import {
  cutEvents,
  type Fault,
  type RecordedNode,
  writeLauncher,
} from "../../recorded_node/mod.ts";
import { startNode } from "../../recorded_node/node.ts";
import { createRandom } from "../../chaos/random.ts";
import { hunt, truth } from "./hunting.ts";

const ROUNDS = Number(Deno.env.get("VAST_CHAOS_ROUNDS") ?? 4);
const SEED = Number(Deno.env.get("VAST_CHAOS_SEED") ?? 1);

const SEEN = ["72.247.178.26", "lvb.avg.com", "tls.example.org", "irc.freenode.net"];
const TEXTS = [...Array.from({ length: 130 }, (_, i) => `h${i}.example`), ...SEEN];
const want = truth(cutEvents(), SEEN);

/** Of the fine-grained queries, which are asked in halves when they fail for good. */
const when = (query: string) => query.includes("net.domain in");

const CUT = "[1] exporter processed 0 candidates at a rate of 0 in 0.0ns\n";
const FAULTS: readonly Fault[] = [
  { drop: true, rows: 2 },
  { drop: true },
  { rows: 0, stderr: CUT, exit: 0 },
  { rows: 0, stdout: '{"ts": "2026-11', exit: 0 },
  { stderr: "!! request_timeout\n", exit: 1 },
  { stderr: "!! something_new: nobody knows\n", exit: 1, when },
  { stderr: "x".repeat(200_000) + "\n!! exit\n", exit: 1 },
  { hang: true, when },
];

Deno.test(`retro() finds everything on a node in chaos (seed ${SEED})`, async () => {
  const random = createRandom(SEED);
  await using launcher = await writeLauncher();
  let node: RecordedNode = startNode({ events: cutEvents() });
  const { endpoint, port } = node;
  const engine = await open({
    vast: endpoint,
    vast_binary: launcher.binary,
    retro_batch_size: 60,
    retro_match_timeout: 10_000,
    patience: Infinity,
  });
  const renew = async (how: "kill" | "stop") => {
    await node[how]();
    node = startNode({ events: cutEvents(), port });
  };
  try {
    for (let round = 0; round < ROUNDS; round++) {
      // Each at most once: no rows twice in a row are taken for what they are.
      const faults = FAULTS.filter(() => random.next() < 0.3);
      for (const fault of faults) node.fail({ ...fault, times: 1 });
      const hunting = hunt(engine, TEXTS);
      if (random.next() < 0.5) {
        await node.asked(1 + random.below(3));
        await renew(random.next() < 0.5 ? "kill" : "stop");
      }
      const { rows, troubles } = await hunting;
      assert.deepEqual(rows, want, `round ${round}`);
      assert.deepEqual(troubles.filter(({ what }) => !/no JSON/.test(what)), [], `round ${round}`);
      assert.equal(engine.health!().type, "up");
      await renew("kill");
    }
  } finally {
    await engine.close();
    await node.kill();
  }
});
