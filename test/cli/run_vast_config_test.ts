import assert from "node:assert/strict";
import { startVast } from "../recorded_node/mod.ts";
import { indicator, join, start } from "./run_process.ts";

const EVENT = '{"ts": "2026-11-21T10:00:00.000000", "id.orig_h": "9.9.9.9", "conn_state": "SF"}';

Deno.test("run honours every key of a config.yaml of vast-threatbus that is about VAST", async () => {
  await using vast = await startVast({ features: ["matcher"] });
  const { node, folder } = vast;
  await Deno.writeTextFile(
    `${folder}/transform.sh`,
    `#!/bin/sh\nprintf '{"ioc": "%s", "type": "%s", "event": %s}' "$1" "$2" "$(cat)"\n`,
    { mode: 0o755 },
  );
  await Deno.writeTextFile(
    `${folder}/config.yaml`,
    `logging:
  console: true
  console_verbosity: INFO
  file: false
  file_verbosity: DEBUG
  filename: vast-threatbus.log
metrics:
  interval: 1
  filename: ${folder}/metrics.log
vast: ${node.endpoint}
vast_binary: ${vast.binary}
threatbus: 127.0.0.1:0
snapshot: 0
live_match: true
matcher_name: a-matcher
retro_match: true
retro_match_max_events: 2
retro_match_timeout: 15.
transform_context: ${folder}/transform.sh %ioc %matchtype
sink: STDOUT
max_background_tasks: 1
`,
  );
  await using running = start(
    ["run", "-c", `${folder}/config.yaml`, "--bus", "embedded", "--state-dir", `${folder}/state`],
  );
  await using app = await join(await running.bus());
  await node.watching(1);
  // One that never answers, and costs no other its hits.
  node.fail({ when: (query) => query.includes("slow.example"), hang: true });
  await app.publish(
    indicator(1, "[ipv4-addr:value = '72.247.178.26']"),
    indicator(2, "[domain-name:value = 'lvb.avg.com']"),
    indicator(3, "[ipv4-addr:value = '9.9.9.9']"),
  );
  const past = (await running.printed(4)).map((line) => JSON.parse(line));
  assert.deepEqual(past.map(({ ioc, type }) => `${type} ${ioc}`).sort(), [
    "RETRO 72.247.178.26",
    "RETRO 72.247.178.26",
    "RETRO lvb.avg.com",
    "RETRO lvb.avg.com",
  ]);
  await node.until(() => node.matchers.get("a-matcher")?.size === 3);
  node.feed([EVENT]);
  const live = JSON.parse((await running.printed(5))[4]!);
  assert.deepEqual(live, { ioc: "9.9.9.9", type: "LIVE", event: JSON.parse(EVENT) });
  assert.equal(node.peak, 1);
  await app.publish(indicator(4, "[domain-name:value = 'slow.example']"));
  await running.logged(/slow\.example could not be looked up .*no answer within 15 s/);
  assert.equal(await running.stop(), 0);
  const metrics = await Deno.readTextFile(`${folder}/metrics.log`);
  for (const field of ["added_iocs=", "retro_matches_per_ioc_max=2", "live_matcher_sightings=1"]) {
    assert.equal(metrics.includes(field), true, `${field} in ${metrics}`);
  }
});

Deno.test("run with retro_match: false and live_match: false asks VAST nothing", async () => {
  await using vast = await startVast();
  const config = `${vast.folder}/config.yaml`;
  await Deno.writeTextFile(
    config,
    `vast: ${vast.node.endpoint}\nvast_binary: ${vast.binary}\nthreatbus: 127.0.0.1:0\nretro_match: false\n`,
  );
  const args = ["run", "-c", config, "--bus", "embedded", "--state-dir", `${vast.folder}/state`];
  await using running = start([...args, "--metrics-listen", "127.0.0.1:0"]);
  await using app = await join(await running.bus());
  await app.publish(indicator(1, "[ipv4-addr:value = '72.247.178.26']"));
  await running.counts(/^bridge_indicators 1$/m);
  assert.equal(await running.stop(), 0);
  assert.deepEqual(vast.node.queries, []);
});
