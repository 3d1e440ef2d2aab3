import assert from "node:assert/strict";
import { decodeReply, encodeRequest } from "../../src/threatbus/management.ts";
import { zmqLink } from "../../src/threatbus/zmq_link.ts";
import { startBus } from "../../src/threatbus/bus/bus.ts";
import { freePorts } from "../free_ports.ts";
import { startFakeBroker } from "../threatbus/fake_broker.ts";
import { bridge } from "./bridge.ts";
import { flow, indicator, join, start, told } from "./run_process.ts";

const EMBEDDED = ["--bus", "embedded", "-t", "127.0.0.1:0"];
const METRICS = ["--metrics-listen", "127.0.0.1:0"];
const ip = (address: string) => `[ipv4-addr:value = '${address}']`;

/** A folder with a log `eve.json` of flows to these addresses, numbered from 1. */
async function withLog(
  addresses: readonly string[],
  body: (place: {
    readonly folder: string;
    readonly log: string;
    readonly state: string;
    readonly append: (...lines: string[]) => Promise<void>;
  }) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "bridge-test-" });
  const log = `${folder}/eve.json`;
  const append = (...lines: string[]) =>
    Deno.writeTextFile(log, lines.join(""), { append: true, create: true });
  try {
    await append(...addresses.map((address, index) => flow(index + 1, address)));
    await body({ folder, log, state: `${folder}/state`, append });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("run: past and stream, one value twice, edited, removed, and nothing again after a restart", () =>
  withLog(["203.0.113.1", "203.0.113.2", "203.0.113.3"], async ({ log, state, append }) => {
    const args = ["run", ...EMBEDDED, ...METRICS, "--live", "--logs", log, "--state-dir", state];
    {
      await using running = start(args);
      await using app = await join(await running.bus());
      await running.logged(/Subscribed at Threat Bus/);
      await app.publish(
        indicator(1, ip("203.0.113.1")),
        indicator(2, ip("203.0.113.1")),
        indicator(3, "[domain-name:value = 'nowhere.example']"),
      );
      await app.saw("RETRO 1 1", "RETRO 2 1");
      await append(flow(11, "203.0.113.1"));
      await app.saw("LIVE 1 11", "LIVE 2 11");

      await app.publish(
        indicator(1, ip("203.0.113.2"), {
          modified: "2026-11-03T10:00:00.000Z",
          x_threatbus_update: "EDIT",
        }),
      );
      await app.saw("RETRO 1 2");
      await append(flow(12, "203.0.113.1"), flow(13, "203.0.113.2"));
      await app.saw("LIVE 2 12", "LIVE 1 13");

      await app.publish(indicator(2, ip("203.0.113.1"), { x_threatbus_update: "REMOVE" }));
      await running.counts(/^bridge_indicators_removed_total 1$/m);
      await append(flow(14, "203.0.113.1"), flow(15, "203.0.113.2"));
      const all = await app.saw("LIVE 1 15");
      assert.deepEqual([...new Set(all)].sort(), [
        "LIVE 1 11",
        "LIVE 1 13",
        "LIVE 1 15",
        "LIVE 2 11",
        "LIVE 2 12",
        "RETRO 1 1",
        "RETRO 1 2",
        "RETRO 2 1",
      ]);
      assert.equal(all.length, 8, "each once");
      assert.match((await running.page("/metrics")).text, /^bridge_indicators 2$/m);
      assert.equal(await running.stop(), 0);
    }
    // The bus inside answers with its history: all known, nothing is reported again.
    await append(flow(16, "203.0.113.2"));
    await using running = start(args);
    await using app = await join(await running.bus());
    await running.logged(/2 indicators from before/);
    await running.logged(/Subscribed at Threat Bus/);
    await append(flow(17, "203.0.113.2"));
    await app.saw("LIVE 1 17");
    const { text } = await running.page("/metrics");
    assert.match(text, /^bridge_indicators 2$/m);
    const known = new Set(["LIVE 1 16", "RETRO 1 16", "LIVE 1 17"]);
    assert.deepEqual(app.sightings.map(told).filter((one) => !known.has(one)), []);
    assert.equal(await running.stop(), 0);
  }));

Deno.test("run: an indicator that becomes valid is searched for in the past then, and matched live", () =>
  withLog(["203.0.113.1"], async ({ log, state, append }) => {
    const args = ["run", ...EMBEDDED, "--live", "--logs", log, "--state-dir", state];
    await using running = start(args);
    await using app = await join(await running.bus());
    await running.logged(/Subscribed at Threat Bus/);
    const valid_from = new Date(Date.now() + 3000).toISOString();
    await app.publish(
      indicator(1, ip("203.0.113.1"), { valid_from }),
      indicator(2, ip("203.0.113.1")),
    );
    await app.saw("RETRO 2 1");
    await append(flow(2, "203.0.113.1"));
    await app.saw("LIVE 2 2", "RETRO 1 1");
    await append(flow(3, "203.0.113.1"));
    await app.saw("LIVE 2 3", "LIVE 1 3");
    assert.equal(await running.stop(), 0);
  }));

Deno.test("run: what is wrong with a log is told once, however many hunts meet it", () =>
  withLog([], async ({ log, state }) => {
    const args = ["run", ...EMBEDDED, ...METRICS, "--logs", log, "--state-dir", state];
    await using running = start(args);
    await using app = await join(await running.bus());
    await running.logged(/Subscribed at Threat Bus/);
    for (const number of [1, 2, 3]) {
      await app.publish(indicator(number, ip("203.0.113.1")));
      await running.counts(
        new RegExp(`^bridge_engine_troubles_total\\{match="RETRO"\\} ${number}$`, "m"),
      );
    }
    assert.equal(await running.stop(), 0);
    assert.equal(running.log.filter((line) => line.includes("file is empty")).length, 1);
  }));

Deno.test("run: says that matches can go nowhere, and that nothing is matched", () =>
  withLog([], async ({ log, state }) => {
    const args = ["run", ...EMBEDDED, "--logs", log, "--state-dir", state];
    const { code, stderr } = await bridge([...args, "--report", "sinks"]);
    assert.equal(code, 2);
    assert.match(stderr, /bridge: key "report": Matches are to go to sinks, and none is named/);
    await using running = start([...args, "--no-retro"]);
    await running.logged(/WARNING .*Nothing is matched: neither new .* nor past/);
    await running.logged(/Subscribed at Threat Bus/);
    assert.equal(await running.stop(), 0);
  }));

Deno.test("run: a configuration file that is gone at SIGHUP changes nothing", () =>
  withLog(["203.0.113.1", "203.0.113.2"], async ({ folder, log, state }) => {
    const config = `${folder}/config.yaml`;
    const keys = { bus: "embedded", threatbus: "127.0.0.1:0", logs: log, state_dir: state };
    await Deno.writeTextFile(config, JSON.stringify({ ...keys, sink: "STDOUT" }));
    await using running = start(["run"], { cwd: folder });
    await using app = await join(await running.bus());
    await app.publish(indicator(1, ip("203.0.113.1")));
    await running.printed(1);
    await Deno.remove(config);
    Deno.kill(running.pid, "SIGHUP");
    await running.logged(/configuration stays as it was: config.yaml: /);
    await app.publish(indicator(2, ip("203.0.113.2")));
    await running.printed(2);
    assert.equal(await running.stop(), 0);
  }));

Deno.test("run: the keys embedded.… place and bound its bus", () =>
  withLog([], async ({ folder, log, state }) => {
    const bundle = JSON.stringify([indicator(7, ip("203.0.113.7"))]);
    await Deno.writeTextFile(`${folder}/intel.json`, bundle);
    const embedded = {
      intel: `${folder}/intel.json`,
      store: `${folder}/kept.db`,
      max_subscribers: 2,
      retention: 1,
    };
    const config = { threatbus: "127.0.0.1:0", bus: "embedded", logs: log, state_dir: state };
    await Deno.writeTextFile(`${folder}/config.yaml`, JSON.stringify({ ...config, embedded }));
    await using running = start([
      ...["run", "-c", `${folder}/config.yaml`, "--metrics-listen", "127.0.0.1:0"],
    ]);
    await running.logged(/Subscribed at Threat Bus/);
    await running.counts(/^bridge_indicators 1$/m);
    await running.counts(/^bridge_bus_subscribers 1$/m);
    const [host = "", port] = (await running.bus()).split(":");
    const link = zmqLink({ host, port: Number(port) });
    const subscribe = encodeRequest({ action: "subscribe", topics: ["a"], snapshotDays: 0 });
    const ask = async () =>
      decodeReply(await link.request(subscribe, AbortSignal.timeout(60_000))).status;
    // Its own app is the other one.
    assert.deepEqual([await ask(), await ask()], ["success", "error"]);
    await running.counts(/^bridge_bus_turned_away_total 1$/m);
    assert.ok((await Deno.stat(`${folder}/kept.db`)).isFile);
    assert.equal(await running.stop(), 0);
  }));

Deno.test("run: the ancestor's config.yaml and flags, events to standard output instead of the bus", () =>
  withLog(["203.0.113.1"], async ({ folder, log, state, append }) => {
    const config = {
      logging: { console: true, console_verbosity: "DEBUG", file: false },
      metrics: { interval: 1, filename: `${folder}/metrics.log` },
      threatbus: "127.0.0.1:0",
      bus: "embedded",
      engine: "logs",
      logs: log,
      snapshot: 5,
      live_match: false,
      retro_match: false,
      retro_match_max_events: 0,
      max_background_tasks: 100,
      state_dir: state,
    };
    await Deno.writeTextFile(`${folder}/config.yaml`, JSON.stringify(config));
    await using running = start([
      ...["run", "-c", `${folder}/config.yaml`],
      ...["--live-match", "--retro-match", "--sink", "STDOUT", "--loglevel", "INFO"],
      ...["--metrics-listen", "127.0.0.1:0"],
    ]);
    await using app = await join(await running.bus());
    await running.logged(/asked for 5 days/);
    await app.publish(indicator(1, ip("203.0.113.1")));
    assert.equal((await running.printed(1))[0], flow(1, "203.0.113.1").trimEnd());
    await append(flow(2, "203.0.113.1"));
    assert.deepEqual(JSON.parse((await running.printed(2))[1]!).flow_id, 2);
    // A hunt that a signal interrupts is not counted, though it may have reported all.
    await running.counts(/^bridge_retro_query_seconds_count 1$/m);
    assert.equal(await running.stop(), 0);
    assert.equal(running.output.length, 2);
    assert.deepEqual(app.sightings, []);
    assert.ok(!running.log.some((line) => / DEBUG /.test(line)), "--loglevel wins");
    const lines = (await Deno.readTextFile(`${folder}/metrics.log`)).trimEnd().split("\n");
    for (const line of lines) assert.match(line, /^vast-threatbus,host=\S+ \S+ \d{19}$/);
    const fields = lines.join(" ");
    for (
      const name of [
        "added_iocs=1",
        "retro_matches_per_ioc_max=",
        "retro_query_time_per_ioc_avg=",
        "live_matcher_sightings=1",
      ]
    ) assert.ok(fields.includes(name), `${name} in ${fields}`);
  }));

Deno.test("run --report both: sightings to the bus, and to a file in the form that was asked for", () =>
  withLog(["203.0.113.1"], async ({ folder, log, state }) => {
    await using running = start([
      ...["run", ...EMBEDDED, "--logs", log, "--state-dir", state, "--report", "both"],
      ...["--sink", `file:${folder}/out.jsonl`, "--format", "match"],
    ]);
    await using app = await join(await running.bus());
    await app.publish(indicator(1, ip("203.0.113.1")));
    await app.saw("RETRO 1 1");
    assert.equal(await running.stop(), 0);
    const match = JSON.parse(await Deno.readTextFile(`${folder}/out.jsonl`));
    assert.match(JSON.stringify(match), /203\.0\.113\.1/);
    assert.match(JSON.stringify(match), /indicator--0{8}-0{4}-4000-8000-000000000001/);
  }));

Deno.test("run: transform_context, a process for each event and one for all; a failing one loses nothing", () =>
  withLog(["203.0.113.1", "203.0.113.2"], async ({ folder, log }) => {
    const once = `${folder}/once`;
    await Deno.writeTextFile(
      once,
      `#!/bin/sh\nread -r event\n[ "$1" = 203.0.113.2 ] && exit 3\n` +
        `printf '{"flow_id": "T", "ioc": "%s", "type": "%s", "count": %d}' "$1" "$2" $#\n`,
      { mode: 0o755 },
    );
    const lines = `${folder}/lines`;
    await Deno.writeTextFile(
      lines,
      `#!/bin/sh\nwhile read -r event; do echo '{"flow_id": "L"}'; done\n`,
      { mode: 0o755 },
    );
    for (const mode of ["process", "lines"]) {
      const command = mode === "process" ? `${once} %ioc %matchtype` : lines;
      await Deno.writeTextFile(`${folder}/config.yaml`, `transform:\n  mode: ${mode}\n`);
      await using running = start([
        ...["run", "-c", `${folder}/config.yaml`, ...EMBEDDED, "--no-spool", "--logs", log],
        ...["--transform-context", command],
      ]);
      await using app = await join(await running.bus());
      await app.publish(indicator(1, ip("203.0.113.1")), indicator(2, ip("203.0.113.2")));
      if (mode === "process") {
        await app.saw("RETRO 1 T", "RETRO 2 2");
        const context = app.sightings.find((one) => told(one) === "RETRO 1 T")!;
        assert.deepEqual(context["x_threatbus_sighting_context"], {
          flow_id: "T",
          ioc: "203.0.113.1",
          type: "RETRO",
          count: 2,
        });
        await running.logged(/untransformed.*exited with 3/);
      } else await app.saw("RETRO 1 L", "RETRO 2 L");
      assert.equal(await running.stop(), 0);
    }
  }));

Deno.test("run: bad input is logged once with its id and counted by reason; the rest goes on", () =>
  withLog(["203.0.113.1"], async ({ log, state }) => {
    const broker = startFakeBroker();
    try {
      await using running = start([
        ...["run", "-t", `127.0.0.1:${broker.port}`, ...METRICS, "--snapshot", "0"],
        ...["--logs", log, "--state-dir", state],
      ]);
      await running.logged(/Subscribed at Threat Bus/);
      const topic = `${broker.granted.at(-1)!}indicator `;
      const { pattern: _, ...bare } = indicator(2, "");
      const twice = (message: string | Uint8Array) => {
        broker.send(message);
        broker.send(message);
      };
      twice(`${topic}{"id": "indicator--00000000-0000-4000-8000-000000000001", "type"`);
      twice(`${topic}${JSON.stringify(bare)}`);
      twice(
        `${topic}${JSON.stringify({ ...bare, id: bare["id"]!.toString().replace(/2$/, "3") })}`,
      );
      twice(`${topic}${JSON.stringify(indicator(4, "[ipv4-addr:value ="))}`);
      twice(`${topic}${JSON.stringify(indicator(5, "alert ip", { pattern_type: "snort" }))}`);
      twice(`${topic}${JSON.stringify({ type: "malware", id: "malware--6" })}`);
      twice(`${topic}[1, 2]`);
      twice(`${broker.granted.at(-1)!}nonsense {}`);
      const latin = new TextEncoder().encode(`${topic}{"name": "?"}`);
      latin[latin.length - 3] = 0xe9;
      twice(latin);
      broker.send(`${topic}{"x": "${"a".repeat(17 * 1024 * 1024)}"}`);
      const alive = async (number: number) => {
        // A broker that sends too large a message may have lost us for a moment.
        while (
          !broker.published.some((one) => one.includes(`8000-${`${number}`.padStart(12, "0")}`))
        ) {
          const current = `${broker.granted.at(-1)!}indicator `;
          broker.send(`${current}${JSON.stringify(indicator(number, ip("203.0.113.1")))}`);
          await Promise.race([
            broker.until(() => broker.published.some((one) => one.includes(`${number}`))),
            new Promise((resolve) => setTimeout(resolve, 100)),
          ]);
        }
      };
      await alive(7);
      const { text } = await running.page("/metrics");
      const refused = Object.fromEntries(
        [...text.matchAll(/^bridge_refused_total\{reason="(.*)"\} (\d+)$/gm)]
          .map(([, reason, count]) => [reason, Number(count)]),
      );
      assert.deepEqual(refused, {
        "malformed-json": 2,
        "no-pattern": 4,
        "invalid-indicator": 2,
        "unsupported-indicator": 2,
        "unsupported-type": 2,
        "not-an-object": 2,
        "unknown-type": 2,
        "not-utf-8": 2,
        "too-large": 1,
      });
      for (const number of [1, 2, 3, 4, 5]) {
        const id = `indicator--00000000-0000-4000-8000-00000000000${number}`;
        const lines = running.log.filter((line) => line.includes(id));
        assert.equal(lines.length, 1, `${id}:\n${running.log.join("\n")}`);
      }
      assert.equal(await running.stop(), 0);
      assert.ok(broker.requests.some(({ action }) => action === "unsubscribe"));
    } finally {
      await broker.close();
    }
  }));

Deno.test("run: a broker away at the start is waited for, ready when it is there, unsubscribed at the end", () =>
  withLog(["203.0.113.1"], async ({ log, state }) => {
    const port = freePorts(1)[0]!;
    await using running = start([
      ...["run", "-t", `127.0.0.1:${port}`, ...METRICS, "--logs", log, "--state-dir", state],
    ]);
    await running.logged(/Not subscribed at Threat Bus .*trying again/);
    assert.equal((await running.page("/healthz")).status, 200);
    const before = await running.page("/readyz");
    assert.equal(before.status, 503);
    assert.match(before.text, /not bus: unreachable/);
    const bus = await startBus(
      { managePort: port, pubPort: 0, subPort: 0 },
      new AbortController().signal,
    );
    try {
      await running.logged(/Subscribed at Threat Bus/);
      assert.equal((await running.page("/readyz")).status, 200);
      await using app = await join(bus.endpoint);
      await app.publish(indicator(1, ip("203.0.113.1")));
      await app.saw("RETRO 1 1");
      const apps = bus.stats().subscribers;
      assert.equal(await running.stop(), 0);
      assert.equal(bus.stats().subscribers, apps - 1);
    } finally {
      await bus.close();
    }
  }));

Deno.test("run --fail-fast ends with 2 when there is no broker", async () => {
  const [port] = freePorts(1);
  const { code, stderr } = await bridge([
    ...["run", "--fail-fast", "--no-spool", "-t", `127.0.0.1:${port}`, "--logs", "."],
  ]);
  assert.equal(code, 2);
  assert.match(stderr, /Threat Bus|127\.0\.0\.1/);
  assert.doesNotMatch(stderr, /\n +at /);
});
