/**
 * The real vast-threatbus (PyPI) and `bridge run`, one after the other in one run, on the
 * same bare broker: live sightings, and indicators that are looked up in the past.
 *
 *     deno run -A bench/run/ancestor.ts [LIVE, each] [INDICATORS, each] [TIMES MORE FOR BRIDGE]
 *
 * The ancestor reads `vast` (a stand-in that answers at once), bridge a log: each has one
 * event for each sighting. CPU time is that of the process and the children it waited for.
 */
import { flow, indicator, start } from "../../test/cli/run_process.ts";
import { startVastApp, threatBusVenv } from "../../test/interop/threatbus/peers.ts";
import { startBareBroker } from "./broker.ts";
import { cpuSeconds, text } from "./process.ts";

const [live = 10_000, indicators = 500, more = 10] = Deno.args.map(Number);
const venv = await threatBusVenv();
if (typeof venv === "string") {
  console.error(`The ancestor can't be had: ${venv}`);
  Deno.exit(2);
}

/** Sightings a second, by the clock and by CPU time. */
interface Rates {
  readonly clock: number;
  readonly cpu: number;
}

type Broker = ReturnType<typeof startBareBroker>;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const address = (number: number) => `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
const threat = (number: number) =>
  JSON.stringify(indicator(number, `[ipv4-addr:value = '${address(number)}']`));

/** The rates at which so many sightings come from a process once `begin` was called. */
async function measure(
  broker: Broker,
  pid: number,
  count: number,
  begin: () => unknown,
): Promise<Rates> {
  const before = broker.received, cpu = await cpuSeconds(pid), begun = performance.now();
  await begin();
  while (broker.received < before + count) {
    if (performance.now() - begun > 120_000) {
      throw new Error(`Only ${broker.received - before} of ${count} within two minutes`);
    }
    await pause(5);
  }
  const seconds = (performance.now() - begun) / 1000;
  return { clock: count / seconds, cpu: count / (await cpuSeconds(pid) - cpu) };
}

/** Publishes indicators no faster than they are looked up: nobody is to drop any. */
async function publish(broker: Broker, count: number, underWay: number): Promise<void> {
  const before = broker.received;
  for (let sent = 0; sent < count; sent++) {
    while (sent - (broker.received - before) > underWay) await pause(1);
    broker.send(threat(sent + 1));
  }
}

async function withFolder<T>(work: (folder: string, broker: Broker) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "bridge-bench-" });
  const broker = startBareBroker();
  try {
    return await work(folder, broker);
  } finally {
    await broker.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** `vast matcher attach` prints these lines when the file `go` is there. */
const STAND_IN = `#!/bin/sh
case " $* " in
*" matcher attach "*)
  while [ ! -e "$FOLDER/go" ]; do sleep 0.05; done
  cat "$FOLDER/lines"
  exec sleep 600
  ;;
esac
`;

const ancestorLive = (count: number) =>
  withFolder(async (folder, broker) => {
    const name = indicator(1, "")["id"];
    const context = JSON.stringify(`threatbus__${name}`);
    const lines = Array.from({ length: count }, (_, id) => {
      const event = { ts: "2026-11-02T10:00:00", ...JSON.parse(flow(id, address(1))) };
      return JSON.stringify({ indicator: { value: address(1), context }, type: "flow", event });
    });
    await Deno.writeTextFile(`${folder}/lines`, lines.join("\n") + "\n");
    const vast = `${folder}/vast`;
    await Deno.writeTextFile(vast, STAND_IN.replaceAll("$FOLDER", folder), { mode: 0o755 });
    const changes = {
      live_match: true,
      matcher_name: "bench",
      retro_match: false,
      vast_binary: vast,
    };
    const app = await startVastApp(venv, folder, broker.port, changes);
    try {
      await pause(1000);
      return await measure(broker, app.pid, count, () => Deno.writeTextFile(`${folder}/go`, ""));
    } finally {
      await app.stop("SIGTERM");
    }
  });

const ancestorRetro = (count: number) =>
  withFolder(async (folder, broker) => {
    const app = await startVastApp(venv, folder, broker.port);
    try {
      // It listens a moment after it has subscribed; what comes before is lost.
      await pause(1000);
      return await measure(broker, app.pid, count, () => publish(broker, count, 500));
    } finally {
      await app.stop("SIGTERM");
    }
  });

function startBridge(folder: string, broker: Broker, ...flags: readonly string[]) {
  return start(
    [
      ...["run", "-t", `127.0.0.1:${broker.port}`, "--snapshot", "0", "--logs", `${folder}/logs`],
      ...["--state-dir", `${folder}/state`, "--metrics-listen", "127.0.0.1:0", ...flags],
    ],
    {},
    330_000,
  );
}

const bridgeLive = (count: number) =>
  withFolder(async (folder, broker) => {
    const log = `${folder}/logs/eve.json`;
    await Deno.mkdir(`${folder}/logs`);
    await Deno.writeTextFile(log, "");
    await using running = startBridge(folder, broker, "--live", "--no-retro");
    await running.logged(/Subscribed at Threat Bus/);
    broker.send(threat(1));
    await running.counts(/^bridge_indicators 1$/m);
    // What stands in the log before it is followed is not live: lines until one is seen.
    for (let id = 0; broker.received < 1; id++) {
      await Deno.writeTextFile(log, flow(id, address(1)), { append: true });
      await pause(500);
    }
    await pause(1000);
    const lines = Array.from({ length: count }, (_, id) => flow(id + 1000, address(1))).join("");
    return await measure(
      broker,
      running.pid,
      count,
      () => Deno.writeTextFile(log, lines, { append: true }),
    );
  });

const bridgeRetro = (count: number) =>
  withFolder(async (folder, broker) => {
    await Deno.mkdir(`${folder}/logs`);
    const lines = Array.from({ length: count }, (_, id) => flow(id, address(id + 1)));
    await Deno.writeTextFile(`${folder}/logs/eve.json`, lines.join(""));
    await using running = startBridge(folder, broker, "--no-live", "--retro");
    await running.logged(/Subscribed at Threat Bus/);
    return await measure(broker, running.pid, count, () => publish(broker, count, 50_000));
  });

function tell(what: string, ancestor: Rates, bridge: Rates): void {
  const row = (name: string, { clock, cpu }: Rates) =>
    console.log(`${what}, ${name}: ${text(clock)}/s by the clock, ${text(cpu)}/s of CPU time`);
  row("vast-threatbus", ancestor);
  row("bridge run", bridge);
  const times = (a: number, b: number) => (a / b).toFixed(1);
  console.log(
    `${what}, ratio: ${times(bridge.clock, ancestor.clock)} by the clock, ` +
      `${times(bridge.cpu, ancestor.cpu)} by CPU time`,
  );
}

tell("live sightings", await ancestorLive(live), await bridgeLive(live * more));
tell(
  "indicators looked up",
  await ancestorRetro(indicators),
  await bridgeRetro(indicators * more),
);
