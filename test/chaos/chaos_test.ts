import assert from "node:assert/strict";
import { pause, until } from "./processes.ts";
import { createRandom, type Random } from "./random.ts";
import { createWorld, type World } from "./world.ts";

/** Arguments after `--`: `deno task test:chaos -- --rounds 1000 --seed 7`. */
function argument(name: string, fallback: number): number {
  const at = Deno.args.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(Deno.args[at + 1]);
}

type Action = (world: World, random: Random) => void | Promise<void>;

/** What can happen, by name, with how often. */
const ACTIONS: readonly (readonly [name: string, weight: number, action: Action])[] = [
  ["calm", 4, () => {}],
  ["kill -9 run", 3, (world) => world.end("run", "SIGKILL")],
  ["stop run", 1, (world) => world.end("run", "SIGTERM")],
  ["kill -9 bus", 2, (world) => world.end("bus", "SIGKILL")],
  ["stop bus", 1, (world) => world.end("bus", "SIGTERM")],
  ["rotate", 2, (world) => world.telemetry.rotate()],
  ["publish", 3, (world) => world.telemetry.publish()],
  ["webhook", 4, ({ receiver }, random) => {
    receiver.temper = random.pick(["well", "well", "refuses", "hangs", "slow", "dead"]);
  }],
  ["kill child", 2, (world, random) => world.killChild(random.pick(["before", "after"]))],
  ["disk full", 1, async (world) => {
    if (!world.canFillDisk) return;
    world.fillDisk();
    world.telemetry.grow(20);
    await pause(400);
    world.freeDisk();
  }],
];

Deno.test("nothing is lost when bus, run, sinks and disk fail at random", async () => {
  const rounds = argument("rounds", 200);
  const seed = argument("seed", crypto.getRandomValues(new Uint32Array(1))[0]!);
  console.log(`chaos: ${rounds} rounds, --seed ${seed}`);
  const random = createRandom(seed);
  const folder = await Deno.makeTempDir({ prefix: "bridge-chaos-" });
  const world = await createWorld(folder, random);
  if (!world.canFillDisk) {
    console.log("chaos: DISK FULL IS NOT TRIED: mounting a small tmpfs takes root on Linux");
  }
  const happened = new Map<string, number>();
  let left: readonly string[] = [];
  try {
    const choices = ACTIONS.flatMap((entry) => Array<typeof entry>(entry[1]).fill(entry));
    world.keepUp();
    for (let round = 0; round < rounds; round++) {
      const [name, , action] = random.pick(choices);
      const tried = name === "disk full" && !world.canFillDisk ? `${name} (not tried)` : name;
      happened.set(tried, (happened.get(tried) ?? 0) + 1);
      world.telemetry.grow(random.below(20));
      await action(world, random);
      // Now and then a start gets no time to finish.
      await pause(random.next() < 0.3 ? random.below(100) : 200 + random.below(800));
      world.keepUp();
    }
    await recover(world);
    report(await world.arrivals(), world, happened);
  } catch (error) {
    throw new Error(`seed ${seed}: ${(error as Error).message}\n${world.logs()}`, { cause: error });
  } finally {
    left = await world.close();
    await Deno.remove(folder, { recursive: true });
  }
  assert.deepEqual(left, []);
  assert.deepEqual(world.surprises, []);
});

/** All is well again: whatever is missing has to arrive now. */
async function recover(world: World): Promise<void> {
  world.telemetry.finish();
  world.receiver.temper = "well";
  // Waits between tries have grown long; a restart begins anew, and loses nothing either.
  await world.end("run", "SIGTERM");
  world.keepUp();
  const expected = world.telemetry.expected();
  const missing = async () =>
    [...await world.arrivals()].map(([sink, got]) =>
      [sink, [...expected].filter((number) => !got.has(number))] as const
    ).filter(([, numbers]) => numbers.length > 0);
  let last: Awaited<ReturnType<typeof missing>> = [];
  await until(
    async () => {
      world.keepUp();
      return (last = await missing()).length === 0;
    },
    60_000,
    () => `missing: ${last.map(([sink, numbers]) => `${sink} ${numbers.slice(0, 20)}`).join("; ")}`,
  );
}

function report(
  arrivals: ReadonlyMap<string, ReadonlyMap<number, number>>,
  world: World,
  happened: ReadonlyMap<string, number>,
): void {
  const expected = world.telemetry.expected();
  const counts = [...arrivals].map(([sink, got]) => {
    const all = got.values().reduce((sum, count) => sum + count, 0);
    for (const number of got.keys()) {
      assert(expected.has(number), `${sink} got event ${number}, which matches nothing`);
    }
    return `${sink} ${all - got.size} duplicates`;
  });
  console.log(`chaos: ${expected.size} sightings at every sink; ${counts.join(", ")}`);
  console.log(`chaos: ${[...happened].map(([name, count]) => `${name} ${count}`).join(", ")}`);
}
