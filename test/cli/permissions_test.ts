import assert from "node:assert/strict";
import { PERMISSIONS } from "../../src/build/compile.ts";
import { C_LIBRARIES } from "../../sinks/syslog/unix_datagram.ts";
import { stix } from "../pipeline/run/indicators.ts";
import { type Process, reap, startCommand, until } from "../chaos/processes.ts";
import { freePorts } from "../free_ports.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** The binary as it is built, or the sources with exactly its permissions. */
function command(args: readonly string[]): { command: string; args: string[] } {
  const binary = Deno.env.get("BRIDGE_BIN");
  if (binary) return { command: binary, args: [...args] };
  const options = ["run", "--no-check", "--config", CONFIG, ...PERMISSIONS];
  return { command: Deno.execPath(), args: [...options, MAIN, ...args] };
}

const started: Process[] = [];

function launch(...args: string[]): Process {
  const call = command(args);
  const process = startCommand(call.command, call.args);
  started.push(process);
  return process;
}

/** What Deno says where something is not allowed (2.x), whatever it is caught by. */
const REFUSED =
  /NotCapable|PermissionDenied|Requires (read|write|net|env|run|sys|ffi|import) access/;

Deno.test("PERMISSIONS names no right that nothing needs", () => {
  const rights = PERMISSIONS.filter((flag) => flag.startsWith("--allow"));
  assert.deepEqual(rights, [
    "--allow-read",
    "--allow-write",
    "--allow-net",
    "--allow-env",
    "--allow-run",
    "--allow-sys=hostname",
    `--allow-ffi=${C_LIBRARIES}`,
  ]);
  assert(PERMISSIONS.includes("--no-prompt"));
});

Deno.test("retro, bus, run and every sink get by with the rights that the binary has", async () => {
  const folder = await Deno.makeTempDir({ prefix: "bridge-rights-" });
  const arrived = new Set<string>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    await request.text();
    arrived.add("webhook");
    return new Response();
  });
  const syslog = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const listening = (async () => {
    for await (const connection of syslog) {
      for await (const _ of connection.readable) arrived.add("syslog");
    }
  })().catch(() => {});
  const local = Deno.listenDatagram({ transport: "unixpacket", path: `${folder}/log` });
  const receiving = (async () => {
    for await (const _ of local) arrived.add("local syslog");
  })().catch(() => {});
  const [manage, pub, sub, metrics] = freePorts(4);
  try {
    for (const name of ["logs", "intel"]) Deno.mkdirSync(`${folder}/${name}`);
    Deno.writeTextFileSync(`${folder}/intel/1.json`, JSON.stringify(stix(1, "bad.example")));
    Deno.writeTextFileSync(
      `${folder}/logs/eve.json`,
      `{"timestamp":"2024-05-14T10:00:00.0+0000","flow_id":1,"event_type":"dns",` +
        `"src_ip":"10.0.0.1","dns":{"type":"query","rrname":"bad.example"}}\n`,
    );
    const sinks = [
      "stdout",
      `file:${folder}/hits.json?fsync=true`,
      `http://127.0.0.1:${server.addr.port}/`,
      `syslog+tcp://127.0.0.1:${(syslog.addr as Deno.NetAddr).port}`,
      `syslog:${folder}/log`,
      `process:tee ${folder}/taken.json`,
      `process:tee ${folder}/each.json?mode=each`,
    ];
    const outputs = ["hits.json", "taken.json", "each.json"];
    const all = () =>
      arrived.size === 3 && outputs.every((name) => {
        try {
          return Deno.statSync(`${folder}/${name}`).size > 0;
        } catch {
          return false;
        }
      });
    const retro = launch(
      ...["retro", "--ioc", "bad.example", "--logs", `${folder}/logs`],
      ...sinks.flatMap((sink) => ["--sink", sink]),
    );
    assert.equal(await retro.ended, 0, retro.log);
    assert(all(), `${[...arrived]} ${retro.log}`);
    for (const name of outputs) Deno.removeSync(`${folder}/${name}`);
    arrived.clear();
    const bus = launch(
      ...["bus", "--listen", `127.0.0.1:${manage}`, "--pub-port", `${pub}`, "--sub-port", `${sub}`],
      ...["--store", `${folder}/bus/bus.sqlite`, "--intel", `${folder}/intel`],
    );
    await bus.said(/Threat Bus listens/);
    const run = launch(
      ...["run", "--threatbus", `127.0.0.1:${manage}`, "--logs", `${folder}/logs`, "--live"],
      ...["--state-dir", `${folder}/state`, "--metrics-listen", `127.0.0.1:${metrics}`],
      ...["--report", "both", ...sinks.flatMap((sink) => ["--sink", sink])],
    );
    await until(all, 60_000, () => `${[...arrived]}\n${run.log}`);
    const health = await fetch(`http://127.0.0.1:${metrics}/metrics`);
    assert.match(await health.text(), /bridge_sightings_total/);
    const second = launch("spool", "list", "--state-dir", `${folder}/state`);
    assert.equal(await second.ended, 0, second.log);
    if (Deno.build.os !== "windows") {
      run.kill("SIGHUP");
      await run.said(/Configuration read again/);
    }
    for (const process of [run, bus]) {
      process.kill("SIGTERM");
      assert.equal(await process.ended, 0, process.log);
    }
    for (const args of [["sinks", "list"], ["engines", "list"], ["fields"], ["config", "check"]]) {
      const process = launch(...args);
      await process.ended;
    }
    for (const { log } of started) assert.doesNotMatch(log, REFUSED);
  } finally {
    for (const process of started) await reap(process);
    syslog.close();
    local.close();
    await Promise.all([listening, receiving]);
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
});
