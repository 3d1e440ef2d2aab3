/**
 * Mixed indicators a second on one recorded node at the real cost: the engine with
 * 10,000, and the real vast-threatbus from PyPI with a few, in the same run.
 * `deno run -A bench/vast/batched.ts [indicators of the ancestor]`
 */
import { open } from "../../src/engines/vast/mod.ts";
import { createIndicatorSet } from "../../src/intel/indicator_set.ts";
import { plainIndicator } from "../../src/intel/synthesize.ts";
import {
  freePorts,
  startBroker,
  startPeer,
  startVastApp,
  threatBusVenv,
} from "../../test/interop/threatbus/peers.ts";
import { allEvents, startVast, type Vast } from "../../test/recorded_node/mod.ts";
import { mixedObservables } from "./indicators.ts";

const OURS = 10_000;
const THEIRS = Number(Deno.args[0] ?? 120);

async function engine(vast: Vast): Promise<number> {
  const indicators = createIndicatorSet();
  for (const observable of mixedObservables(OURS)) indicators.put(plainIndicator(observable, 0));
  const engine = await open({ vast: vast.node.endpoint, vast_binary: vast.binary });
  const signal = new AbortController().signal;
  const start = performance.now();
  let matches = 0;
  for await (const batch of engine.retro({ indicators, maxEvents: 0 }, {}, signal)) {
    matches += batch.length;
  }
  const seconds = (performance.now() - start) / 1000;
  await engine.close();
  console.log(`bridge: ${OURS} indicators in ${seconds.toFixed(2)} s, ${matches} matches`);
  return OURS / seconds;
}

async function ancestor(vast: Vast): Promise<number> {
  const venv = await threatBusVenv();
  if (typeof venv === "string") throw new Error(venv);
  const ports = freePorts();
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
const ours = await engine(vast);
const theirs = await ancestor(vast);
const ratio = (ours / theirs).toFixed(0);
console.log(`${ours.toFixed(0)} against ${theirs.toFixed(2)} indicators/s: ${ratio} times`);
