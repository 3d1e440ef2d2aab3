/**
 * Live sightings that `bridge run` brings from a growing log to a bus in a second,
 * each through the spool on disk unless --no-spool is given.
 *
 *     deno run -A bench/run/sightings.ts [EVENTS] [FLAG OF RUN]...
 */
import { flow, indicator, start } from "../../test/cli/run_process.ts";
import { startBareBroker } from "./broker.ts";
import { cpuSeconds, rates } from "./process.ts";

const [number = "100000", ...flags] = Deno.args;
const count = Number(number);
const broker = startBareBroker();
const folder = await Deno.makeTempDir({ prefix: "bridge-bench-" });
// Beside the state, whose own writes would wake who watches the log.
const log = `${folder}/logs/eve.json`;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

try {
  await Deno.mkdir(`${folder}/logs`);
  await Deno.writeTextFile(log, "");
  const running = start(
    [
      ...["run", "-t", `127.0.0.1:${broker.port}`, "--snapshot", "0", "--live", "--no-retro"],
      ...["--metrics-listen", "127.0.0.1:0", "--logs", log, "--state-dir", `${folder}/state`],
      ...flags,
    ],
    {},
    120_000,
  );
  await running.logged(/Subscribed at Threat Bus/);
  broker.send(JSON.stringify(indicator(1, "[ipv4-addr:value = '203.0.113.1']")));
  await running.counts(/^bridge_indicators 1$/m);
  // What is compiled and opened for the first sightings is not measured.
  for (let id = 0; broker.received < 1; id++) {
    await Deno.writeTextFile(log, flow(id, "203.0.113.1"), { append: true });
    await pause(500);
  }
  await pause(1000);
  const before = broker.received;
  const lines = Array.from({ length: count }, (_, id) => flow(id + 1000, "203.0.113.1")).join("");
  const begun = performance.now(), cpu = await cpuSeconds(running.pid);
  await Deno.writeTextFile(log, lines, { append: true });
  while (broker.received < before + count) await pause(5);
  const seconds = (performance.now() - begun) / 1000;
  const figures = rates(count, seconds, await cpuSeconds(running.pid) - cpu);
  console.log(`${count} live sightings: ${figures}`);
  await running.stop();
} finally {
  await broker.close();
  await Deno.remove(folder, { recursive: true });
}
