/**
 * Our bus between pyzmq apps that are stopped and continued at random, it among them, with
 * short queues, small socket buffers and subscribers that connect late. More rounds:
 * `deno test -A test/interop/bus_stress_test.ts -- --rounds 50 --seed 7`.
 */
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { bridgeCommand } from "../cli/bridge.ts";
import { startChild } from "./threatbus/child.ts";
import { threatBusVenv } from "./threatbus/peers.ts";

const venv = await threatBusVenv();
if (typeof venv === "string") console.warn(`The bus under stress is skipped: ${venv}`);

const SCRIPT = new URL("threatbus/stress.py", import.meta.url).pathname;
const MESSAGES = 10_000;

const { values } = parseArgs({
  args: Deno.args,
  options: { rounds: { type: "string" }, seed: { type: "string" } },
  strict: false,
});
const rounds = Number(values.rounds ?? 2);
const first = Number(values.seed ?? Math.floor(Math.random() * 1e6));

Deno.test({
  name: "bus: each of 4 subscribers gets all of 2 publishers once, in order, whoever is stopped",
  ignore: typeof venv === "string",
  async fn() {
    if (typeof venv === "string") return;
    for (let seed = first; seed < first + rounds; seed++) {
      const folder = await Deno.makeTempDir();
      const { command, args } = bridgeCommand([
        ...["bus", "--listen", "127.0.0.1:0", "--store", `${folder}/bus.sqlite`],
      ]);
      const bus = startChild(command, args);
      try {
        const line = await bus.until((line) => line.includes("listens on"));
        const port = /listens on \S+:(\d+) /.exec(line)![1]!;
        const peers = startChild(venv.python, [
          ...[SCRIPT, port, String(bus.pid), String(seed), String(MESSAGES)],
        ]);
        try {
          const outcome = await peers.until((line) => line.startsWith("{"));
          assert.deepEqual(JSON.parse(outcome), { received: 8 * MESSAGES, wrong: [] }, `${seed}`);
        } finally {
          await peers.stop();
        }
      } finally {
        await bus.stop("SIGTERM");
        await Deno.remove(folder, { recursive: true });
      }
    }
  },
});
