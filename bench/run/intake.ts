/**
 * Indicators that `bridge run` takes in a second from a broker as fast as it reads, with its
 * state on disk; what they occupy; how long an event in a live log waits meanwhile; how long a
 * restart after kill -9 takes until events are matched again.
 *
 *     deno run -A bench/run/intake.ts [INDICATORS] [FLAG OF RUN]...
 *
 * With `--retro` each is hunted for too, in a log of 0.5 MB without hits, so that it is not the
 * scan that is measured; the figures are then those until all were.
 *
 * The broker is a bare socket in this process, and what it sends is made beforehand, so that it is
 * not what is measured. It sends as fast as TCP takes it. The indicators are those of
 * `indicators.ts`, 860 bytes on average.
 */
import { flow, indicator, start } from "../../test/cli/run_process.ts";
import { startBareBroker } from "./broker.ts";
import { feedIndicator } from "./indicators.ts";
import { cpuSeconds, memoryMiB, rates } from "./process.ts";

const [number = "200000", ...flags] = Deno.args;
const count = Number(number);
/** An event that is a hit is written so often, ms. */
const BEAT = 20;
/** Messages that are handed to the socket at once. */
const PIECE = 500;
const ADDRESS = "203.0.113.1";
/** Events from before the start, none of them a hit. */
const PAST = 2500;
/** No more hunts are begun if none is seen for so long: longer than `retro_batch_delay`, ms. */
const QUIET = 1000;

const broker = startBareBroker();
const folder = await Deno.makeTempDir({ prefix: "bridge-bench-" });
const log = `${folder}/logs/eve.json`;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function startRun() {
  return start(
    [
      ...["run", "-t", `127.0.0.1:${broker.port}`, "--snapshot", "0", "--live", "--no-retro"],
      ...["--metrics-listen", "127.0.0.1:0", "--logs", log],
      ...["--state-dir", `${folder}/state`, ...flags],
    ],
    {},
    1_200_000,
  );
}

type Running = ReturnType<typeof startRun>;

async function gauge(running: Running, name: string): Promise<number> {
  const { text } = await running.page("/metrics");
  return Number(new RegExp(`^bridge_${name} (\\d+)$`, "m").exec(text)?.[1] ?? 0);
}

const held = (running: Running) => gauge(running, "indicators");

/** Seconds by the clock and of CPU time. */
async function spent(running: Running): Promise<{ clock: number; cpu: number }> {
  return { clock: performance.now() / 1000, cpu: await cpuSeconds(running.pid) };
}

/** What was spent as the last hunt was over. */
async function spentHunting(running: Running): ReturnType<typeof spent> {
  let end = await spent(running);
  for (let busy = performance.now(); performance.now() - busy < QUIET; await pause(20)) {
    if (await gauge(running, "retro_backlog") === 0) continue;
    await pause(20);
    end = await spent(running);
    busy = performance.now();
  }
  return end;
}

/** Writes events until `stop`; gives the longest time from one to its sighting, ms. */
function startHeart() {
  const written: number[] = [];
  const before = broker.received;
  let longest = 0, seen = 0, beating = true, events = 0;
  const running = (async () => {
    while (beating || seen < written.length) {
      if (beating) {
        written.push(performance.now());
        await Deno.writeTextFile(log, flow(events++, ADDRESS), { append: true });
      }
      await pause(BEAT);
      for (const now = performance.now(); seen < broker.received - before; seen++) {
        longest = Math.max(longest, now - written[seen]!);
      }
    }
  })();
  return async () => {
    beating = false;
    await running;
    return longest;
  };
}

try {
  await Deno.mkdir(`${folder}/logs`);
  const past = Array.from({ length: PAST }, (_, id) => flow(2_000_000_000 + id, "192.0.2.7"));
  await Deno.writeTextFile(log, past.join(""));
  const messages = Array.from({ length: count }, (_, id) => broker.made(feedIndicator(id)));
  let running = startRun();
  await running.logged(/Subscribed at Threat Bus/);
  broker.send(JSON.stringify(indicator(1, `[ipv4-addr:value = '${ADDRESS}']`)));
  await running.counts(/^bridge_indicators 1$/m);
  const empty = await memoryMiB(running.pid);
  const heart = startHeart();
  const begun = await spent(running);
  for (let sent = 0; sent < count; sent += PIECE) {
    for (const message of messages.slice(sent, sent + PIECE)) broker.sendMade(message);
    // A PUB socket would drop what its peer does not read.
    await broker.drained();
  }
  // Each question is a page of metrics that the process writes: not more of them than needed.
  while (await held(running) < count + 1) await pause(50);
  const end = await (flags.includes("--retro") ? spentHunting : spent)(running);
  const figures = rates(count, end.clock - begun.clock, end.cpu - begun.cpu);
  const longest = Math.round(await heart());
  await pause(3000);
  const memory = await memoryMiB(running.pid);
  console.log(`${count} indicators: ${figures}`);
  console.log(`  ${memory.now} MiB resident, ${memory.peak} at most; ${empty.now} without them`);
  console.log(`  an event in a live log waited ${longest} ms at most for its sighting`);
  await running.stop("SIGKILL");

  const received = broker.received;
  const again = performance.now();
  running = startRun();
  await running.logged(/indicators from before/);
  const restored = performance.now() - again;
  await Deno.writeTextFile(log, flow(1_000_000_000, ADDRESS), { append: true });
  while (broker.received === received) await pause(5);
  const matching = performance.now() - again;
  const after = await memoryMiB(running.pid);
  const inSeconds = (ms: number) => (ms / 1000).toFixed(1);
  console.log(
    `  restart after kill -9: all there in ${inSeconds(restored)} s, ` +
      `a new event matched in ${inSeconds(matching)} s; ${after.now} MiB resident`,
  );
  await running.stop();
} finally {
  await broker.close();
  await Deno.remove(folder, { recursive: true });
}
