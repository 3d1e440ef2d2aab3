/**
 * Indicators that `bridge run` takes in a second from a broker as fast as it reads,
 * with its state on disk, and what they occupy.
 *
 *     deno run -A bench/run/intake.ts [INDICATORS] [FLAG OF RUN]...
 *
 * The broker is a bare socket in this process, so that it is not what is measured.
 */
import { start } from "../../test/cli/run_process.ts";
import { startBareBroker } from "./broker.ts";
import { cpuSeconds, rates, residentMiB } from "./process.ts";

const [number = "200000", ...flags] = Deno.args;
const count = Number(number);
const broker = startBareBroker();
const folder = await Deno.makeTempDir({ prefix: "bridge-bench-" });
try {
  await Deno.writeTextFile(`${folder}/eve.json`, "");
  const running = start(
    [
      ...["run", "-t", `127.0.0.1:${broker.port}`, "--snapshot", "0", "--live", "--no-retro"],
      ...["--metrics-listen", "127.0.0.1:0", "--logs", `${folder}/eve.json`],
      ...["--state-dir", `${folder}/state`, ...flags],
    ],
    {},
    600_000,
  );
  await running.logged(/Subscribed at Threat Bus/);
  const held = async () =>
    Number(/^bridge_indicators (\d+)$/m.exec((await running.page("/metrics")).text)?.[1] ?? 0);
  const begun = performance.now(), cpu = await cpuSeconds(running.pid);
  // At most so many under way: a PUB socket would drop what its peer does not read.
  for (let sent = 0; sent < count;) {
    if (sent - await held() > 60_000) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      continue;
    }
    for (let piece = 0; piece < 5000 && sent < count; piece++) broker.send(indicator(sent++));
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  while (await held() < count) await new Promise((resolve) => setTimeout(resolve, 50));
  const seconds = (performance.now() - begun) / 1000;
  const figures = rates(count, seconds, await cpuSeconds(running.pid) - cpu);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const memory = Math.round(await residentMiB(running.pid));
  console.log(`${count} indicators: ${figures}, then ${memory} MiB resident`);
  await running.stop();
} finally {
  await broker.close();
  await Deno.remove(folder, { recursive: true });
}

/** As the real broker sends an indicator: 430 bytes. */
function indicator(number: number): string {
  const hex = number.toString(16).padStart(12, "0");
  const id = `${hex.slice(4)}-${hex.slice(0, 4)}-4000-8000-${hex}`;
  return `{"type": "indicator", "spec_version": "2.1", "id": "indicator--${id}", ` +
    `"created": "2026-11-21T10:00:00.123456Z", "modified": "2026-11-21T10:00:00.123456Z", ` +
    `"name": "host ${number}", "indicator_types": ["malicious-activity"], ` +
    `"pattern": "[domain-name:value = 'host-${hex}.example.com']", "pattern_type": "stix", ` +
    `"pattern_version": "2.1", "valid_from": "2026-11-21T10:00:00.123456Z"}`;
}
