import assert from "node:assert/strict";
import { createOwnFiles } from "../../src/cli/own_files.ts";
import { defaultsOf } from "../../src/config/config.ts";
import { CONFIG_KEYS } from "../../src/config/keys.ts";
import { bridge, bridgeCommand } from "./bridge.ts";
import { flow, indicator, join, start } from "./run_process.ts";

const IOC = "203.0.113.1";

/** A folder that is both searched and written to, with a log of so many hits. */
async function withFolder(hits: number, body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "bridge-test-" }));
  try {
    const lines = Array.from({ length: hits }, (_, id) => flow(id, IOC));
    await Deno.writeTextFile(`${folder}/eve.json`, lines.join(""));
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const linesOf = async (path: string) => (await Deno.readTextFile(path)).split("\n").length - 1;

Deno.test("createOwnFiles() knows what sinks, log and metrics write, rotated parts too, through links", () =>
  withFolder(0, async (folder) => {
    await Deno.symlink(folder, `${folder}/link`);
    await Deno.mkdir(`${folder}/away`);
    await Deno.writeTextFile(`${folder}/target.json`, "");
    await Deno.symlink(`${folder}/target.json`, `${folder}/away/linked.json`);
    const own = createOwnFiles();
    const config = {
      ...defaultsOf(CONFIG_KEYS),
      "logging.file": true,
      "logging.filename": `${folder}/bridge.log`,
      "metrics.filename": `${folder}/metrics.log`,
    };
    await own.configure(config, [
      `file:${folder}/link/hits.json?rotate_size=1MiB`,
      { sink: `file:${folder}/unused.json`, path: `${folder}/sightings.json` },
      { sink: `file:${folder}/unused.json`, options: { path: `${folder}/options.json` } },
      `file:${folder}/away/linked.json`,
      "file:",
      "stdout",
      "tee -a x",
    ]);
    const ours = [
      ...["hits.json", "hits.json.20261121T233826Z", "hits.json.20261121T233826Z-0003"],
      ...["hits.json.1", "hits.json.2.gz", "hits.json-20261121.gz"],
      ...[
        "sightings.json",
        "options.json",
        "target.json",
        "bridge.log",
        "bridge.log.1",
        "metrics.log",
      ],
    ];
    const others = ["eve.json", "unused.json", "hits.jsonl", "hits.json.old", "x", "no/hits.json"];
    for (const base of [folder, `${folder}/link`]) {
      assert.deepEqual(ours.filter((name) => !own.has(`${base}/${name}`)), []);
      assert.deepEqual(others.filter((name) => own.has(`${base}/${name}`)), []);
    }
    await own.configure(defaultsOf(CONFIG_KEYS), []);
    assert.ok(!own.has(`${folder}/hits.json`));
  }));

Deno.test("retro does not read the file that it writes", () =>
  withFolder(2000, async (folder) => {
    const call = ["retro", "--ioc", IOC, "--logs", folder];
    const output = `${folder}/output.json`;
    const { command, args } = bridgeCommand(call);
    for (const round of [1, 2]) {
      const { code } = await new Deno.Command("sh", {
        args: ["-c", 'out=$1; shift; exec "$@" >> "$out"', "sh", output, command, ...args],
      }).output();
      assert.equal(code, 0);
      assert.equal(await linesOf(output), 2000 * round);
    }
    await Deno.remove(output);
    const hits = `${folder}/hits.json`;
    for (const round of [1, 2]) {
      const { code, stderr } = await bridge([...call, "--sink", `file:${hits}`]);
      assert.equal(code, 0, stderr);
      assert.equal(await linesOf(hits), 2000 * round);
    }
    const named = await bridge(["retro", "--ioc", IOC, "--logs", hits, "--sink", `file:${hits}`]);
    assert.equal(named.code, 2);
    assert.match(named.stderr, /hits\.json: written by bridge itself/);
  }));

Deno.test("run does not follow the files that it writes", () =>
  withFolder(2, async (folder) => {
    await Deno.writeTextFile(
      `${folder}/config.yaml`,
      JSON.stringify({
        bus: "embedded",
        threatbus: "127.0.0.1:0",
        logs: folder,
        live_match: true,
        state_dir: `${folder}/state`,
        report: "both",
        format: "match",
        sinks: [`file:${folder}/hits.json?rotate_size=1KiB&keep=0`],
        logging: { file: true, filename: `${folder}/bridge.json`, file_verbosity: "DEBUG" },
        metrics: { listen: "127.0.0.1:0" },
      }),
    );
    await using running = start(["run", "--config", `${folder}/config.yaml`]);
    await using app = await join(await running.bus());
    await running.logged(/Subscribed at Threat Bus/);
    await app.publish(indicator(1, `[ipv4-addr:value = '${IOC}']`));
    await app.saw("RETRO 1 0", "RETRO 1 1");
    for (let id = 10; id < 20; id++) {
      await Deno.writeTextFile(`${folder}/eve.json`, flow(id, IOC), { append: true });
      await app.saw(`LIVE 1 ${id}`);
    }
    await running.counts(/bridge_sink_sent_total\{sink="file:[^}]*\} 12\n/);
    assert.equal(app.sightings.length, 12);
    assert.equal(await running.stop(), 0);
    assert.equal(app.sightings.length, 12);
  }));
