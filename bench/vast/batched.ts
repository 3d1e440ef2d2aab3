/**
 * Mixed indicators a second on one recorded node at the real cost: `bridge run` with
 * 10,000, and the real vast-threatbus from PyPI with a few, in the same run.
 * `deno run -A bench/vast/batched.ts [indicators of the ancestor]`
 *
 * Ours come over our bus: the real broker, which serves the ancestor, passes on some
 * 1,000 messages a second, and that would be what is measured.
 */
import { plainIndicator } from "../../src/intel/synthesize.ts";
import { startBus } from "../../src/threatbus/bus/bus.ts";
import {
  brokerPorts,
  startBroker,
  startPeer,
  startVastApp,
  threatBusVenv,
} from "../../test/interop/threatbus/peers.ts";
import { allEvents, startVast, type Vast } from "../../test/recorded_node/mod.ts";
import type { Venv } from "../../test/interop/venv.ts";
import { mixedObservables } from "./indicators.ts";

const OURS = 10_000;
/** What the indicators have in the recorded events. */
const MATCHES = 139;
const THEIRS = Number(Deno.args[0] ?? 120);

/** `bridge run` from the bus to the bus: until the last sighting is there. */
async function bridge(vast: Vast, venv: Venv): Promise<number> {
  const bus = await startBus(
    { managePort: 0, pubPort: 0, subPort: 0 },
    new AbortController().signal,
  );
  const peer = startPeer(venv, bus.managePort);
  const config = {
    vast: vast.node.endpoint,
    vast_binary: vast.binary,
    threatbus: bus.endpoint,
    snapshot: 0,
    state_dir: `${vast.folder}/state`,
  };
  await Deno.writeTextFile(`${vast.folder}/bridge.yaml`, JSON.stringify(config));
  const main = new URL("../../main.ts", import.meta.url).pathname;
  const app = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", main, "run", "-c", `${vast.folder}/bridge.yaml`],
    cwd: vast.folder,
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  await peer.subscribe(["stix2/sighting"]);
  while (bus.stats().subscribers < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  const texts = mixedObservables(OURS).map((observable) =>
    JSON.stringify(plainIndicator(observable, 0).stix)
  );
  const start = performance.now();
  await peer.publish("stix2/indicator", texts);
  await peer.receive("sighting", MATCHES);
  const seconds = (performance.now() - start) / 1000;
  app.kill("SIGTERM");
  await app.status;
  await peer.stop();
  await bus.close();
  console.log(`bridge run: ${OURS} indicators in ${seconds.toFixed(2)} s, ${MATCHES} sightings`);
  return OURS / seconds;
}

async function ancestor(vast: Vast, venv: Venv): Promise<number> {
  const ports = brokerPorts();
  const broker = await startBroker(venv, vast.folder, ports);
  const peer = startPeer(venv, ports.manage);
  const app = await startVastApp(venv, vast.folder, ports.manage, {
    vast: vast.node.endpoint,
    vast_binary: vast.binary,
    max_background_tasks: 100,
  });
  await peer.subscribe(["stix2/sighting"]);
  // It asks nothing for hashes, so it gets the other kinds alone.
  const observables = mixedObservables(THEIRS * 2).filter(({ kind }) => kind !== "md5");
  const texts = observables.slice(0, THEIRS).map((observable) =>
    JSON.stringify(plainIndicator(observable, 0).stix)
  );
  const before = vast.node.answered;
  const start = performance.now();
  await peer.publish("stix2/indicator", texts);
  await vast.node.until(() => vast.node.answered >= before + THEIRS);
  const seconds = (performance.now() - start) / 1000;
  await app.stop("SIGTERM");
  await peer.stop();
  await broker.stop();
  console.log(`vast-threatbus: ${THEIRS} indicators in ${seconds.toFixed(2)} s`);
  return THEIRS / seconds;
}

await using vast = await startVast({ events: await allEvents(), scale: 1 });
const venv = await threatBusVenv();
if (typeof venv === "string") throw new Error(venv);
const ours = await bridge(vast, venv);
const theirs = await ancestor(vast, venv);
const ratio = (ours / theirs).toFixed(0);
console.log(`${ours.toFixed(0)} against ${theirs.toFixed(2)} indicators/s: ${ratio} times`);
