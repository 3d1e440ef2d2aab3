import assert from "node:assert/strict";
import { prepareObstacle } from "../../../src/match/pattern_support.ts";
import * as fc from "fast-check";
import type { Match } from "../../../src/engines/engine.ts";
import { open, supports } from "../../../src/engines/logs/mod.ts";
import { indicatorFromStix } from "../../../src/intel/from_stix.ts";
import { createIndicatorSet } from "../../../src/intel/indicator_set.ts";
import { prefilterOf } from "../../../src/intel/points.ts";
import type { JsonObject } from "../../../src/json.ts";
import { createIocSet } from "../../../src/match/ioc_set.ts";
import { parseForEvents } from "../../../src/match/pattern_reading.ts";
import { createEventPatterns } from "../../../src/match/patterns.ts";
import { hunt, withFolder } from "./hunting.ts";

const idOf = (n: number) => `indicator--00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

function indicator(pattern: string, n = 0) {
  const stix = {
    type: "indicator",
    id: idOf(n),
    pattern,
    pattern_type: "stix",
    modified: "2024-01-01T00:00:00Z",
  };
  const reading = indicatorFromStix(stix);
  assert(reading.type === "indicator");
  return reading.indicator;
}

function setOf(patterns: readonly string[]) {
  const set = createIndicatorSet();
  patterns.forEach((pattern, n) => set.put(indicator(pattern, n)));
  return set;
}

const conn = (ts: number, dst: string, port: number, bytes = 10) => ({
  ts,
  uid: `C${ts}`,
  "id.orig_h": "10.0.0.1",
  "id.orig_p": 1234,
  "id.resp_h": dst,
  "id.resp_p": port,
  proto: "tcp",
  conn_state: "SF",
  orig_bytes: bytes,
});
const dns = (ts: number, query: string) => ({ ts, uid: `D${ts}`, query, qtype_name: "A" });
const text = (events: readonly JsonObject[]) =>
  events.map((event) => JSON.stringify(event) + "\n").join("");

const LOGS = {
  "conn.log": text([
    conn(100, "192.0.2.1", 443),
    conn(105, "192.0.2.2", 4444, 5_000_000),
    conn(300, "192.0.2.2", 4444),
    conn(301, "192.0.2.1", 80),
  ]),
  "dns.log": text([dns(101, "evil.example"), dns(290, "good.example"), dns(400, "evil.example")]),
};

const withLogs = (run: (folder: string) => Promise<void>) =>
  withFolder(async (folder) => {
    for (const [name, content] of Object.entries(LOGS)) {
      await Deno.writeTextFile(`${folder}/${name}`, content);
    }
    await run(folder);
  });

const uids = (matches: readonly Match[]) =>
  matches.map(({ event, indicator }) => `${indicator.id.slice(-1)} ${event.value["uid"]}`)
    .toSorted();

Deno.test("retro() finds compound patterns, over files that are not in the order of time", () =>
  withLogs(async (folder) => {
    const found = await hunt(
      [folder],
      setOf([
        "[network-traffic:dst_port = 4444 AND network-traffic:src_byte_count > 1000000]",
        "([domain-name:value = 'evil.example'] FOLLOWEDBY [ipv4-addr:value = '192.0.2.2']) WITHIN 10 SECONDS",
        "[network-traffic:dst_ref.value = '192.0.2.1' AND network-traffic:dst_port IN (80, 8080)]",
        "[network-traffic:dst_port = 4444] REPEATS 2 TIMES",
        "([domain-name:value = 'good.example'] FOLLOWEDBY [ipv4-addr:value = '192.0.2.2']) WITHIN 9 SECONDS",
        "[ipv4-addr:value = '192.0.2.1']",
      ]),
    );
    assert.deepEqual(uids(found.matches), [
      "0 C105",
      "1 C105",
      "1 D101",
      "2 C301",
      "3 C105",
      "3 C300",
      "5 C100",
      "5 C301",
    ]);
    assert.deepEqual(found.troubles, []);
    const spot = found.matches.find(({ indicator }) => indicator.id === idOf(2))!;
    assert.deepEqual([spot.where.line, spot.observable], [4, undefined]);
  }));

Deno.test("live() finds compound patterns as their last event comes", () =>
  withLogs(async (folder) => {
    const engine = await open({ paths: [`${folder}/conn.log`], fromStart: true });
    const stop = new AbortController();
    const set = setOf(["[network-traffic:dst_port = 4444] REPEATS 2 TIMES WITHIN 500 SECONDS"]);
    set.put(
      indicator(
        "[network-traffic:dst_ref.value = '192.0.2.1' AND network-traffic:dst_port = 80]",
        1,
      ),
    );
    const found: Match[] = [];
    for await (const batch of engine.live(set, stop.signal)) {
      found.push(...batch);
      if (found.length >= 3) stop.abort();
    }
    assert.deepEqual(uids(found), ["0 C105", "0 C300", "1 C301"]);
    assert(found.every(({ type }) => type === "LIVE"));
  }));

Deno.test("supports() says what no log can tell and what can't be evaluated", async () => {
  const patterns = [
    "[process:name = 'x' AND network-traffic:dst_port = 1]",
    "[url:value MATCHES '(?=a)b']",
    "[url:value MATCHES '(a']",
    "[network-traffic:dst_port = 1] REPEATS 0 TIMES",
    "[network-traffic:dst_port = 1]",
  ];
  for (const pattern of patterns) await prepareObstacle(pattern);
  const reasons = patterns.map((pattern) => supports(indicator(pattern)));
  const types = reasons.map((support) => support.type);
  assert.deepEqual(types, ["none", "none", "none", "none", "whole"]);
  const words = reasons.map((support) => "reason" in support ? support.reason : "").join("\n");
  assert.match(words, /no log tells process:name/);
  assert.match(words, /lookahead/);
  assert.match(words, /missing closing \)/);
  assert.match(words, /at least 1 time/);
});

const VALUES = [
  "10.0.0.1",
  "2001:DB8::1",
  "Evil.example",
  "evil.example.",
  "a@b.c",
  "D41D8CD98F00B204E9800998ECF8427E",
];

Deno.test("the values of a compound pattern stand in every event that fulfils it", () => {
  const value = fc.constantFrom(
    ...VALUES,
    "2001:db8:0::1",
    "evil.example",
    "d41d8cd98f00b204e9800998ecf8427e",
    "10.0.0.0/8",
    "http://evil.example/x",
  );
  const path = fc.constantFrom(
    "ipv4-addr:value",
    "ipv6-addr:value",
    "domain-name:value",
    "network-traffic:dst_ref.value",
    "network-traffic:src_ref.value",
    "domain-name:resolves_to_refs[*].value",
    "file:hashes.MD5",
    "url:value",
    "email-message:from_ref.value",
    "email-addr:value",
    "network-traffic:x_ja3_hash",
  );
  const network = fc.constantFrom("10.0.0.0/8", "10.0.0.1", "2001:db8::/32");
  const test = fc.oneof(
    fc.tuple(path, value).map(([path, value]) => `${path} = '${value}'`),
    fc.tuple(path, network).map(([path, network]) => `${path} ISSUBSET '${network}'`),
  );
  const pattern = fc.array(fc.tuple(test, fc.constantFrom(" AND ", " OR ")), {
    minLength: 1,
    maxLength: 3,
  })
    .map((parts) =>
      `[${parts.map(([test, operator], n) => (n > 0 ? operator : "") + test).join("")}]`
    );
  const field = fc.constantFrom(
    "src_ip",
    "dest_ip",
    "http.hostname",
    "http.url",
    "dns.rrname",
    "dns.rdata",
    "tls.sni",
    "tls.ja3.hash",
    "fileinfo.md5",
    "email.from",
    "id.orig_h",
    "query",
    "ja3",
    "md5",
    "from",
    "mailfrom",
  );
  const part = fc.oneof(
    value,
    fc.constantFrom("evil.example:8080", "X <a@b.c>, d@e.f", "/x", "http://evil.example/x"),
  );
  const event = fc.uniqueArray(fc.tuple(field, part), {
    minLength: 4,
    maxLength: 9,
    selector: ([name]) => name,
  })
    .map((pairs) => Object.fromEntries(pairs));
  let fulfilled = 0;
  fc.assert(
    fc.property(pattern, event, (pattern, event) => {
      const patterns = createEventPatterns<null>({ order: "stream" });
      patterns.add(1, pattern);
      const points = prefilterOf(parseForEvents(pattern));
      if (patterns.feed(event, null).length === 0 || points === undefined) return;
      fulfilled++;
      const set = createIocSet();
      for (const point of points) set.add(point, 1);
      assert(set.hits(event).length > 0, `${pattern} on ${JSON.stringify(event)}`);
    }),
    { numRuns: 8000 },
  );
  assert(fulfilled > 30, `only ${fulfilled} events fulfilled their pattern`);
});
