import assert from "node:assert/strict";
import { cutEvents } from "../../recorded_node/mod.ts";
import { createTrust } from "../../../src/engines/vast/trust.ts";
import { hunt, truth, withEngine } from "./hunting.ts";
import { indicatorOf, indicatorSet } from "./indicators.ts";

/** Values that stand in the recorded events, of every kind and in every place. */
const SEEN = [
  "72.247.178.18",
  "72.247.178.26",
  "fe80::219:e3ff:fee7:5d23",
  "lvb.avg.com",
  "irc.freenode.net",
  "youtube-ui.l.google.com",
  "74.125.53.141",
  "tls.example.org",
  "http://lvb.avg.com/api.aspx",
  "http://news.google.com/",
  "http://ocsp.comodoca.com/",
  "70041821ACF87389E40DDCB092004184",
  "10395ab3566395ca050232d2c1a0dbad69eb5fd2",
  "pat@m57.biz",
];
const UNSEEN = ["203.0.113.77", "nope.example.org", "http://nope.example.org/", "a@nope.example"];

Deno.test("retro() finds one indicator wherever VAST holds it, in one query", async () => {
  const events = cutEvents();
  await withEngine(async (engine, { node }) => {
    for (const text of [...SEEN, ...UNSEEN]) {
      const before = node.queries.length;
      const { rows } = await hunt(engine, [text]);
      assert.deepEqual(rows, truth(events, [text]), text);
      assert.equal(node.queries.length, before + 1, text);
    }
  }, { node: { events } });
});

Deno.test("retro() finds subnets, in lists too", async () => {
  await withEngine(async (engine) => {
    const { rows } = await hunt(engine, ["72.247.178.0/24", "147.32.84.0/24"]);
    assert.deepEqual(rows, truth(cutEvents(), ["72.247.178.0/24", "147.32.84.0/24"]));
  });
});

Deno.test("retro() gives each row once although several queries reach it", async () => {
  const many = Array.from({ length: 300 }, (_, i) => `10.77.${i >> 8}.${i & 255}`);
  await withEngine(async (engine, { node }) => {
    const { rows, troubles } = await hunt(engine, [...SEEN, ...many]);
    assert.deepEqual(rows, truth(cutEvents(), SEEN));
    assert.deepEqual(troubles, []);
    assert.equal(node.queries.some((query) => query === '#type == "zeek.dns"'), true);
  }, { retro_batch_size: 50 });
});

Deno.test("retro() asks lists value by value where reading all events would be more work", async () => {
  const plan = await import("../../../src/engines/vast/plan.ts");
  const { collectUnits } = await import("../../../src/engines/vast/units.ts");
  const units = collectUnits(indicatorSet(Array.from({ length: 250 }, (_, i) => `10.0.0.${i}`)));
  const context = { layouts: new Map([["zeek.dns", 50_000_000]]), subdomains: false };
  const questions = plan.planQuestions(units, context, 5000, createTrust("node"));
  assert.deepEqual(questions.map(({ where }) => where.type), [
    "scalars",
    "lists",
    "lists",
    "lists",
  ]);
  const query = plan.queryOf(questions[1]!, context);
  assert.equal(query.split(" || ").length, 100);
  assert.match(query, /^"10\.0\.0\.0" in zeek\.dns\.answers \|\| /);
});

Deno.test("retro() finds subdomains when the set says so", async () => {
  await withEngine(async (engine) => {
    const indicators = indicatorSet(["avg.com"], { subdomains: true });
    const { rows } = await hunt(engine, [], { indicators });
    assert.deepEqual(rows, truth(cutEvents(), ["avg.com"], { subdomains: true }));
    assert.equal(rows["avg.com"]!.length > 0, true);
  });
});

Deno.test("retro() keeps bytes that are no UTF-8 as they came", async () => {
  await withEngine(async (engine) => {
    const odd = cutEvents().filter((row) => row.includes(0xae));
    assert.equal(odd.length > 0, true);
    const host = JSON.parse(new TextDecoder().decode(odd[0]))["id.orig_h"];
    const { matches } = await hunt(engine, [host]);
    const bytes = matches.map(({ event }) => event.bytes.join());
    assert.equal(bytes.includes(odd[0]!.join()), true);
  });
});

Deno.test("retro() limits events by indicator, also when one is greedy", async () => {
  // A limit of events for the whole query starves the modest ones unless they are asked anew.
  const row = (i: number) =>
    `{"ts": "2026-11-21T10:00:00.${i}", "id.orig_h": "9.9.9.9", "conn_state": "SF"}`;
  const greedy = Array.from({ length: 5000 }, (_, i) => new TextEncoder().encode(row(i)));
  await withEngine(async (engine, { node }) => {
    const { rows } = await hunt(engine, ["9.9.9.9", "lvb.avg.com", "72.247.178.26"], {
      maxEvents: 2,
    });
    const counts = Object.entries(rows).map(([value, found]) => [value, found.length]);
    assert.deepEqual(Object.fromEntries(counts), {
      "9.9.9.9": 2,
      "lvb.avg.com": 2,
      "72.247.178.26": 2,
    });
    const before = node.queries.length;
    await hunt(engine, ["9.9.9.9"], { maxEvents: 2 });
    assert.equal(node.queries.length, before + 1);
  }, { node: { events: [...greedy, ...cutEvents()] } });
});

Deno.test("retro() leaves events outside the window out, and those without a time", async () => {
  const line = (text: string) => new TextEncoder().encode(text);
  const events = [
    line('{"ts": "2026-11-21T10:00:00.365020999", "id.orig_h": "9.9.9.9", "conn_state": "A"}'),
    line('{"ts": "2026-11-21T11:00:00.000000", "id.orig_h": "9.9.9.9", "conn_state": "B"}'),
    line('{"ts": null, "id.orig_h": "9.9.9.9", "conn_state": "C"}'),
  ];
  await withEngine(async (engine) => {
    const since = Date.parse("2026-11-21T10:30:00Z");
    const { matches } = await hunt(engine, ["9.9.9.9"], { since, maxEvents: 1 });
    assert.deepEqual(matches.map(({ event }) => event.value["conn_state"]), ["B"]);
    const { matches: earlier } = await hunt(engine, ["9.9.9.9"], { until: since });
    assert.deepEqual(earlier.map(({ event }) => event.value["conn_state"]), ["A"]);
    assert.equal((await hunt(engine, ["9.9.9.9"])).matches.length, 3);
  }, { node: { events } });
});

Deno.test("retro() credits every indicator of a value, and each indicator once an event", async () => {
  const twice = { ...indicatorOf("72.247.178.26"), id: "indicator--second" };
  const both = indicatorOf("lvb.avg.com");
  const broad = {
    ...both,
    id: "indicator--broad",
    points: [...both.points, ...indicatorOf("http://lvb.avg.com/api.aspx").points],
  };
  await withEngine(async (engine) => {
    const { matches } = await hunt(engine, ["72.247.178.26", twice, broad]);
    const count = (id: string) => matches.filter(({ indicator }) => indicator.id === id).length;
    assert.equal(count("indicator--second"), count(indicatorOf("72.247.178.26").id));
    const want = truth(cutEvents(), ["lvb.avg.com"]);
    assert.equal(count("indicator--broad"), want["lvb.avg.com"]!.length);
  });
});

Deno.test("retro() asks for a domain as its indicator spells it, too", async () => {
  const event =
    '{"ts": "2026-11-21T10:00:00", "id.orig_h": "9.9.9.9", "host": "Evil.Example", "uri": "/", "response_body_len": 0}';
  await withEngine(async (engine) => {
    assert.equal((await hunt(engine, ["Evil.Example"])).matches.length, 1);
  }, { node: { events: [new TextEncoder().encode(event)] } });
});

Deno.test("retro() with hostile values asks for them and nothing else", async () => {
  const hostile = [
    String.raw`http://evil.example/"] || #type != "x" || net.uri in ["`.replaceAll(" ", "%20"),
    String.raw`http://evil.example/\" || 1.2.3.4`.replaceAll(" ", ""),
    "http://evil.example/]||:addr!=1.1.1.1",
    "http://evil.example/\\",
    "http://-evil.example/--help",
    "-evil.example",
  ];
  await withEngine(async (engine, { node }) => {
    const { matches, troubles } = await hunt(engine, [...hostile, "72.247.178.26"]);
    assert.deepEqual(troubles, []);
    assert.equal(new Set(matches.map(({ observable }) => observable!.value)).size, 1);
    assert.equal(node.queries.length, 1);
  });
});

Deno.test("retro() stops at once and leaves nothing behind when it is aborted", async () => {
  await withEngine(async (engine, { node }) => {
    node.fail({ hang: true });
    const controller = new AbortController();
    const hunting = hunt(engine, ["72.247.178.26"], {}, controller.signal);
    await node.asked(1);
    controller.abort();
    await assert.rejects(hunting, { name: "AbortError" });
  });
});
