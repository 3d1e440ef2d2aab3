import assert from "node:assert/strict";
import { until } from "../chaos/processes.ts";
import { freePorts } from "../free_ports.ts";
import { bridge } from "./bridge.ts";
import { STATE, SUBSCRIBED, withStage } from "./running.ts";

const UNSEEN = "[x-unknown:thing = 'a']";

Deno.test("bridge run says what it can't look for, and what allow-lists suppressed, in logs and metrics", () =>
  withStage(async (stage) => {
    const [port] = freePorts(1);
    const allowed = `${stage.folder}/allowed.txt`;
    Deno.writeTextFileSync(allowed, "192.0.2.5\nfine.example\n");
    const scrape = async () => await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    stage.publish(1, "unused.example", 1, { pattern: UNSEEN });
    stage.publish(2, "unused.example", 1, { pattern: "[ipv4-addr:value = '192.0.2.0/24']" });
    stage.publish(3, "fine.example");
    stage.publish(4, "bad.example");
    const first = stage.run({
      retro_match: false,
      allow_lists: [allowed],
      metrics: { listen: `127.0.0.1:${port}` },
    });
    await first.said(SUBSCRIBED);
    await first.said(/can't look for indicator--[-0-9]+1: no log tells x-unknown:thing/);
    await stage.holds(STATE.held, 4);
    await stage.holds(STATE.following, 1);
    const answer = { type: "answer", rrname: "other.example", rrtype: "A", rdata: "192.0.2.5" };
    const event = { timestamp: "2024-05-14T10:00:00Z", event_type: "dns", dns: answer };
    Deno.writeTextFileSync(stage.log, JSON.stringify(event) + "\n", { append: true });
    stage.grow("bad.example");
    await stage.arrival(1);
    const metrics = await scrape();
    const number = (pattern: string) =>
      Number(new RegExp(`^bridge_${pattern} (\\d+)$`, "m").exec(metrics)?.[1]);
    assert.equal(number('indicators_unsupported_total{reason="unseen-field"}'), 1, metrics);
    const list = 'allow-listed by [^"]*allowed[^"]*';
    assert.equal(number(`sightings_suppressed_total{reason="${list}"}`), 1, metrics);
    assert.equal(number(`indicators_held_back_total{reason="${list}"}`), 1, metrics);
    assert.equal(first.log.split("can't look for").length, 2);
    first.kill("SIGTERM");
    await first.ended;
    assert.match(first.log, /1 hit not reported: allow-listed by/);
    assert.match(first.log, /1 indicators not looked for: allow-listed by/);
    assert.deepEqual(stage.arrived(), [1]);
  }));

Deno.test("bridge run shows the numbers of its embedded bus", () =>
  withStage(async (stage) => {
    const [port] = freePorts(1);
    const run = stage.run({
      bus: "embedded",
      threatbus: "127.0.0.1:0",
      metrics: { listen: `127.0.0.1:${port}` },
    });
    await run.said(SUBSCRIBED);
    let metrics = "";
    await until(
      async () => {
        metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
        return /^bridge_bus_subscribers 1$/m.test(metrics);
      },
      60_000,
      () => metrics,
    );
    assert.match(metrics, /^bridge_bus_received_total\{type="indicator"\} 0$/m);
    assert.match(metrics, /^bridge_bus_dropped_total 0$/m);
    assert.match(metrics, /^bridge_bus_turned_away_total 0$/m);
  }));

Deno.test("bridge snapshot names what it can't look for, a few of each reason", () =>
  withStage(async (stage) => {
    for (let number = 1; number <= 12; number++) {
      stage.publish(number, "unused.example", 1, { pattern: UNSEEN });
    }
    stage.grow("other.example");
    const { code, stderr } = await bridge([
      ...["snapshot", "-t", stage.bus.endpoint, "--logs", stage.log, "--idle", "3s"],
    ]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /12 indicators received/);
    assert.match(stderr, /12 unsupported: no log tells x-unknown:thing/);
    assert.match(stderr, /indicator--00000000-0000-4000-8000-\d+ \[x-unknown:thing = 'a'\]/);
    assert.match(stderr, /and 2 more/);
  }));
