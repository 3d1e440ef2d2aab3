/**
 * Messages a second from one pyzmq publisher to one pyzmq subscriber, over our bus
 * and over the real Threat Bus in the same run.
 *
 *     deno run -A bench/bus/throughput.ts [messages]
 *
 * The real one gets fewer messages, since it takes a second for each thousand. What either
 * loses, repeats or never answers is said; that ours does makes the exit code 1.
 */
import { startChild } from "../../test/interop/threatbus/child.ts";
import { brokerPorts, startBroker, threatBusVenv } from "../../test/interop/threatbus/peers.ts";
import type { Venv } from "../../test/interop/venv.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const PEER = new URL("peer.py", import.meta.url).pathname;
const messages = Number(Deno.args[0] ?? 200_000);

const venv = await threatBusVenv();
if (typeof venv === "string") throw new Error(venv);
const folder = await Deno.makeTempDir();
try {
  for (const kind of ["indicator", "sighting"]) {
    const real = await overReal(venv, kind);
    const ours = await overOurs(venv, kind);
    const ratio = ours.rate && real.rate ? (ours.rate / real.rate).toFixed(1) : "?";
    console.log(
      `${kind}s: bridge bus ${told(ours)}, Threat Bus ${told(real)}, ${ratio} times as many`,
    );
    if (!isWhole(ours)) Deno.exitCode = 1;
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** What came of one run; see peer.py. */
interface Outcome {
  /** Messages a second. */
  readonly rate?: number;
  /** Numbers of messages that never came, and of those that came again. */
  readonly lost?: readonly number[];
  readonly twice?: readonly number[];
  /** What was waited for in vain. */
  readonly stuck?: string;
}

function isWhole({ lost, twice, stuck }: Outcome): boolean {
  return stuck === undefined && lost?.length === 0 && twice?.length === 0;
}

function told({ rate = 0, lost = [], twice = [], stuck }: Outcome): string {
  if (stuck !== undefined) return `did not get as far as ${stuck}`;
  const some = (numbers: readonly number[]) =>
    `${numbers.length} (${numbers.slice(0, 5).join(", ")}${numbers.length > 5 ? ", …" : ""})`;
  return `${Math.round(rate)}/s` + (lost.length > 0 ? `, lost ${some(lost)}` : "") +
    (twice.length > 0 ? `, twice ${some(twice)}` : "");
}

async function overOurs(venv: Venv, kind: string): Promise<Outcome> {
  const binary = Deno.env.get("BRIDGE_BIN");
  const args = ["bus", "--listen", "127.0.0.1:0", "--store", `${folder}/${kind}.sqlite`];
  const bus = binary
    ? startChild(binary, args)
    : startChild(Deno.execPath(), ["run", "--no-check", "-A", MAIN, ...args]);
  try {
    const line = await bus.until((line) => line.includes("listens on"));
    return await measure(venv, Number(/listens on \S+:(\d+) /.exec(line)![1]), messages, kind);
  } finally {
    await bus.stop("SIGTERM");
  }
}

async function overReal(venv: Venv, kind: string): Promise<Outcome> {
  const ports = brokerPorts();
  const broker = await startBroker(venv, folder, ports);
  try {
    return await measure(venv, ports.manage, Math.min(3000, messages), kind);
  } finally {
    await broker.stop();
  }
}

async function measure(venv: Venv, port: number, count: number, kind: string): Promise<Outcome> {
  const peer = startChild(venv.python, [PEER, String(port), String(count), kind]);
  try {
    return JSON.parse(await peer.until((line) => /^{"(rate|stuck)"/.test(line)));
  } finally {
    await peer.stop();
  }
}
