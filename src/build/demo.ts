/**
 * `deno task demo`: the whole loop on this machine. `bridge run` with a bus of its
 * own inside, live and retro, over a copy of the sample logs; an app on that bus
 * publishes three indicators, a host of the sample network calls on one of them
 * once more, and the sightings that come back over the bus are printed. Leaves nothing.
 */
import { join } from "node:path";
import { plainIndicator } from "../intel/synthesize.ts";
import { isJsonObject, type JsonObject } from "../json.ts";
import type { Observable } from "../match/observable.ts";
import type { ThreatBusClient } from "../threatbus/client.ts";
import { connectApp } from "../threatbus/connect.ts";
import { sleep } from "../wait.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const SAMPLES = join(ROOT, "test/fixtures/logs");

/** What the sample network was visited by, see test/fixtures/logs/README.md. */
const THREATS: readonly Observable[] = [
  { kind: "domain", value: "download.example.org" },
  { kind: "md5", value: "daa175facb38167b5e9be21a169f1f98" },
  { kind: "ipv4", value: "198.51.100.23" },
];

/** Longest time for everything, ms. */
const PATIENCE = 60_000;
/** The demo is over when nothing came for so long, ms. */
const QUIET = 500;

if (import.meta.main) await demo();

async function demo(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "bridge-demo-" });
  const controller = new AbortController();
  const patience = controller.signal;
  const timer = setTimeout(
    () => controller.abort(new Error("The demo took too long")),
    PATIENCE,
  );
  try {
    await copyFolder(SAMPLES, join(folder, "logs"));
    // So that no configuration of this machine is read.
    await Deno.writeTextFile(join(folder, "config.yaml"), "live_match: true\nretro_match: true\n");
    await using bridge = await startRun(folder, patience);
    await using app = await joinBus(bridge.endpoint, patience);
    const counts = await playThrough(app.client, folder, patience);
    await app.client.close();
    const code = await bridge.stop();
    if (code !== 0) throw new Error(`bridge run ended with ${code}`);
    say(
      `\n${counts.RETRO} sightings of the past, ${counts.LIVE} of the stream; bridge run ended with 0.`,
    );
  } finally {
    clearTimeout(timer);
    await Deno.remove(folder, { recursive: true });
  }
}

/** Publishes, lets traffic happen and prints what comes back until it is quiet. */
async function playThrough(client: ThreatBusClient, folder: string, patience: AbortSignal) {
  const now = Date.now();
  const indicators = THREATS.map((threat) => plainIndicator(threat, now).stix);
  const names = new Map(indicators.map(({ id, name }) => [String(id), String(name)]));
  say(`\nAn app on the bus publishes ${indicators.length} indicators:`);
  for (const { pattern } of indicators) say(`  ${pattern}`);
  await client.publish(indicators, patience);

  say(
    "\nSightings that come back over the bus, of the past first, then of new traffic:",
  );
  const counts = { RETRO: 0, LIVE: 0 };
  const seen = new Set<string>();
  const over = new AbortController();
  const waiting = AbortSignal.any([patience, over.signal]);
  let traffic: Promise<void> | undefined;
  let quiet: ReturnType<typeof setTimeout> | undefined;
  waiting.addEventListener("abort", () => client.close());
  for await (const item of client.items()) {
    if (item.type !== "sighting") continue;
    const { sighting } = item;
    const name = names.get(String(sighting["sighting_of_ref"])) ?? "?";
    counts[sighting["x_threatbus_match_type"] as keyof typeof counts]++;
    seen.add(name);
    say(`  ${describe(sighting, name)}`);
    if (seen.size < THREATS.length) continue;
    traffic ??= callHome(folder, waiting, () => counts.LIVE > 0);
    clearTimeout(quiet);
    if (counts.LIVE > 0) quiet = setTimeout(() => over.abort(), QUIET);
  }
  await traffic;
  patience.throwIfAborted();
  return counts;
}

/** A host of the sample network connects again, until that was seen: the log is followed from some moment on. */
async function callHome(folder: string, signal: AbortSignal, wasSeen: () => boolean) {
  const log = join(folder, "logs/suricata/eve.json");
  const lines = (await Deno.readTextFile(log)).split("\n");
  const call = JSON.parse(lines.find((line) => line.includes("198.51.100.23"))!) as JsonObject;
  for (let port = 50_000; !signal.aborted && !wasSeen(); port++) {
    const again = {
      ...call,
      timestamp: new Date().toISOString().replace("Z", "000+0000"),
      flow_id: port,
      src_port: port,
    };
    await Deno.writeTextFile(log, JSON.stringify(again) + "\n", { append: true });
    await sleep(500, signal);
  }
}

/** A sighting on one line: how, what, when, which flow, which kind of event. */
function describe(sighting: JsonObject, name: string): string {
  const given = sighting["x_threatbus_sighting_context"];
  const event = isJsonObject(given) ? given : {};
  const field = (...names: string[]) =>
    String(names.map((name) => event[name]).find((value) => value !== undefined) ?? "");
  const from = field("src_ip", "id.orig_h");
  const to = field("dest_ip", "id.resp_h");
  return [
    String(sighting["x_threatbus_match_type"]).padEnd(5),
    name.padEnd(32),
    String(sighting["last_seen"]).slice(0, 19),
    `${from} → ${to}`.padEnd(29),
    field("event_type", "_path"),
  ].join("  ").trimEnd();
}

/** Starts `bridge run` in a process of its own; resolves when its bus listens. */
async function startRun(folder: string, patience: AbortSignal) {
  const args = ["run", "--bus", "embedded", "--threatbus", "127.0.0.1:0"];
  args.push("--live", "--retro", "--logs", "logs", "--state-dir", "state");
  say(`$ bridge ${args.join(" ")}`);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", join(ROOT, "main.ts"), ...args],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stderr: "piped",
  }).spawn();
  const listening = Promise.withResolvers<string>();
  listening.promise.catch(() => {});
  patience.addEventListener("abort", () => listening.reject(patience.reason), { once: true });
  const reading = (async () => {
    for await (const line of linesOf(child.stderr)) {
      say(`  ${line}`);
      const endpoint = /Threat Bus listens on (\S+)/.exec(line)?.[1];
      if (endpoint !== undefined) listening.resolve(endpoint);
    }
    listening.reject(new Error("bridge run ended early"));
  })();
  let ending: Promise<number> | undefined;
  const end = async () => {
    try {
      child.kill("SIGTERM");
    } catch { /* it has ended already */ }
    await reading;
    return (await child.status).code;
  };
  const stop = () => ending ??= end();
  try {
    const endpoint = await listening.promise;
    return { endpoint, stop, [Symbol.asyncDispose]: async () => void await stop() };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Subscribes an app of our own at the bus. */
async function joinBus(endpoint: string, patience: AbortSignal) {
  const client = connectApp({ endpoint, topics: ["stix2/sighting"], snapshotDays: 0 }, patience);
  await client.subscribed;
  return { client, [Symbol.asyncDispose]: () => client.close() };
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(join(from, name), join(to, name));
    else await Deno.copyFile(join(from, name), join(to, name));
  }
}

function say(text: string): void {
  console.log(text);
}
