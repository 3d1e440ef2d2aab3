import assert from "node:assert/strict";
import { startNode } from "../recorded_node/node.ts";
import { cutEvents, startVast, type Vast } from "../recorded_node/mod.ts";
import { indicator, join, start } from "./run_process.ts";

const SEEN = indicator(1, "[ipv4-addr:value = '72.247.178.26']");
const ABSENT = indicator(2, "[domain-name:value = 'nope.example']");

const argsOf = ({ node, binary, folder }: Vast) => [
  ...["run", "--bus", "embedded", "-t", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"],
  ...["--engine", "vast", "--vast", node.endpoint, "--vast-binary", binary],
  ...["--state-dir", `${folder}/state`],
];

Deno.test("run on VAST asks for no indicator again after a restart, but takes up what was under way", async () => {
  await using vast = await startVast();
  const { node } = vast;
  {
    await using running = start(argsOf(vast));
    await using app = await join(await running.bus());
    await app.publish(SEEN);
    await running.counts(/^bridge_retro_query_seconds_count 1$/m);
    node.fail({ when: (query) => query.includes("nope.example"), hang: true, times: 1 });
    const asked = node.queries.length;
    await app.publish(ABSENT);
    await node.asked(asked + 1);
    await running.stop("SIGKILL");
  }
  const before = node.queries.length;
  await using running = start(argsOf(vast));
  await running.logged(/2 indicators from before/);
  await running.counts(/^bridge_retro_query_seconds_count 1$/m);
  const asked = node.queries.slice(before);
  assert.deepEqual(asked.map((query) => /nope\.example/.test(query)), [true]);
  assert.doesNotMatch(asked.join(), /72\.247\.178\.26/);
});

Deno.test("run on VAST shows in /readyz and /metrics that the node is away, and that it is back", async () => {
  await using vast = await startVast();
  await using running = start([...argsOf(vast), "--live"]);
  await running.bus();
  await vast.node.watching(1);
  await running.ready();
  await running.counts(/^bridge_engine_up 1$/m);
  await vast.node.kill();
  await running.counts(/^bridge_engine_up 0$/m);
  const away = await running.page("/readyz");
  assert.equal(away.status, 503);
  assert.match(away.text, /^not engine: away: .*VAST/m);
  const again = startNode({ events: cutEvents(), port: vast.node.port });
  try {
    await running.counts(/^bridge_engine_up 1$/m);
    await running.ready();
    const said = running.log.filter((line) => /VAST node .* is back|trying again until/.test(line));
    assert.equal(said.length, 2);
  } finally {
    await again.kill();
  }
});
