import assert from "node:assert/strict";
import type { Engine, Match } from "../../../src/engines/engine.ts";
import { open as openLogs } from "../../../src/engines/logs/mod.ts";
import { indicatorFromStix } from "../../../src/intel/from_stix.ts";
import { createIndicatorSet } from "../../../src/intel/indicator_set.ts";
import { prepareObstacle } from "../../../src/match/pattern_support.ts";
import { withEngine } from "./hunting.ts";

const PATTERNS = [
  "[ipv4-addr:value = '72.247.178.26' AND network-traffic:dst_port = 80]",
  "[domain-name:value = 'lvb.avg.com'] AND [ipv4-addr:value = '72.247.178.26']",
  "[domain-name:value = 'lvb.avg.com'] REPEATS 2 TIMES",
  "[domain-name:value = 'lvb.avg.com'] FOLLOWEDBY [domain-name:value = 'irc.freenode.net']",
  "[ipv4-addr:value = '203.0.113.77'] AND [domain-name:value = 'lvb.avg.com']",
];

function setOf(patterns: readonly string[]) {
  const set = createIndicatorSet();
  patterns.forEach((pattern, n) => {
    const id = `indicator--00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
    const stix = {
      type: "indicator",
      spec_version: "2.1",
      id,
      pattern,
      pattern_type: "stix",
      valid_from: "2020-01-01T00:00:00Z",
    };
    const read = indicatorFromStix(stix);
    if (read.type === "indicator") set.put(read.indicator);
  });
  return set;
}

async function matchesOf(engine: Engine): Promise<string[]> {
  const decoder = new TextDecoder();
  const found: Match[] = [];
  const query = { indicators: setOf(PATTERNS), maxEvents: 0 };
  for await (const batch of engine.retro(query, {}, new AbortController().signal)) {
    found.push(...batch);
  }
  return found.map(({ indicator, event }) => `${indicator.id} ${decoder.decode(event.bytes)}`)
    .sort();
}

Deno.test("retro() evaluates compound patterns as the logs engine does on the same events", async () => {
  const events = new URL("../../recorded_node/events.ndjson", import.meta.url).pathname;
  const logs = await openLogs({ paths: [events] });
  const wanted = await matchesOf(logs);
  assert.equal(new Set(wanted.map((match) => match.slice(0, 47))).size >= 3, true);
  await withEngine(async (engine) => {
    assert.deepEqual(await matchesOf(engine), wanted);
  });
});

Deno.test("supports() says what becomes of compound patterns", async () => {
  await withEngine(async (engine) => {
    const support = async (pattern: string) => {
      await prepareObstacle(pattern);
      const set = setOf([pattern]);
      const support = engine.supports(set.get([...set.handles()][0]!));
      return support.type === "none" ? support.reason : support.type;
    };
    assert.equal(await support("[ipv4-addr:value = '1.2.3.4']"), "whole");
    assert.equal(await support(PATTERNS[0]!), "superset");
    assert.match(await support("[network-traffic:dst_port > 8000]"), /can be met without any/);
    assert.equal(
      await support("[ipv4-addr:value = '1.2.3.4 || 5.6.7.8']"),
      'VAST is asked for values, and "1.2.3.4 || 5.6.7.8" is no value of ipv4-addr:value',
    );
  });
});

Deno.test("live() evaluates compound patterns on the event stream", async () => {
  await withEngine(async (engine, { node }) => {
    const controller = new AbortController();
    const patterns = ["[network-traffic:dst_port > 8000]", PATTERNS[0]!];
    const live = engine.live(setOf(patterns), controller.signal)[Symbol.asyncIterator]();
    const first = live.next();
    await node.watching(1);
    const event = (address: string, port: number) =>
      `{"ts": "2026-11-21T10:00:00.000000", "id.orig_h": "192.168.1.1", "id.orig_p": 1, "id.resp_h": "${address}", "id.resp_p": ${port}, "proto": "tcp", "conn_state": "SF"}`;
    node.feed([event("9.9.9.9", 80), event("72.247.178.26", 81), event("9.9.9.9", 8080)]);
    const { value } = await first;
    assert.deepEqual(
      (value as Match[]).map(({ type, event }) => [type, event.value["id.resp_p"]]),
      [["LIVE", 8080]],
    );
    const end = live.next();
    controller.abort();
    assert.equal((await end).done, true);
  });
});
