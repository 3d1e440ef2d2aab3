import assert from "node:assert/strict";
import fc from "fast-check";
import { typeOf } from "../../src/formats/event.ts";
import type { Match } from "../../src/engines/engine.ts";
import { FORMATS, loadFormat } from "../../src/formats/registry.ts";
import { HOSTILE } from "../sinks/deliveries.ts";
import { matchOf } from "./matches.ts";

const EVENT = {
  timestamp: "2011-08-12T13:00:36.349948+0000",
  event_type: "dns",
  src_ip: "10.0.0.1",
  src_port: 5353,
  dest_ip: "2001:db8::1",
  dest_port: 53,
  dns: { rrname: "evil.example" },
};

async function render(name: string, match: Match, options = {}): Promise<string> {
  return new TextDecoder().decode((await loadFormat(name, options)).render(match));
}

Deno.test("loadFormat() loads every format, each its own, and names them where there is none", async () => {
  const lines = await Promise.all(Object.keys(FORMATS).map((name) => render(name, matchOf(EVENT))));
  assert.equal(new Set(lines).size, 5);
  for (const name of Object.keys(FORMATS)) assert.equal((await loadFormat(name)).name, name);
  await assert.rejects(loadFormat("xml"), /There is no format "xml"/);
  await assert.rejects(loadFormat("constructor"), /There is no format/);
});

Deno.test("context gives the event's bytes as they are", async () => {
  const match = matchOf(EVENT);
  assert.equal((await loadFormat("context")).render(match), match.event.bytes);
});

Deno.test("match wraps the event with what matched and where", async () => {
  assert.deepEqual(JSON.parse(await render("match", matchOf(EVENT))), {
    ioc: "evil.example",
    kind: "domain",
    indicator_id: "indicator--00000000-0000-4000-8000-000000000001",
    match_type: "RETRO",
    file: "/var/log/eve.json",
    line: 7,
    field: "dns.rrname",
    event: EVENT,
  });
});

Deno.test("csv tells the ends of a flow as Suricata, Zeek, VAST and ECS write them", async () => {
  for (
    const ends of [
      { src_ip: "10.0.0.1", src_port: 5353, dest_ip: "10.0.0.2", dest_port: 53 },
      { "id.orig_h": "10.0.0.1", "id.orig_p": 5353, "id.resp_h": "10.0.0.2", "id.resp_p": 53 },
      { id: { orig_h: "10.0.0.1", orig_p: 5353, resp_h: "10.0.0.2", resp_p: 53 } },
      { source: { ip: "10.0.0.1", port: 5353 }, destination: { ip: "10.0.0.2", port: 53 } },
    ]
  ) {
    assert.match(await render("csv", matchOf(ends)), /,10\.0\.0\.1,5353,10\.0\.0\.2,53,/);
  }
});

Deno.test("match names a compound pattern where no single value matched", async () => {
  const { observable: _, ...match } = matchOf(EVENT);
  const line = JSON.parse(await render("match", match));
  assert.equal(line.kind, "pattern");
  assert.equal(line.ioc, "[domain-name:value = 'evil.example']");
});

Deno.test("sighting is STIX 2.1 with a stable id", async () => {
  const sighting = JSON.parse(await render("sighting", matchOf(EVENT)));
  assert.equal(sighting.type, "sighting");
  assert.equal(sighting.sighting_of_ref, "indicator--00000000-0000-4000-8000-000000000001");
  assert.match(sighting.last_seen, /^2011-08-12T13:00:36\.349(948)?Z$/);
  assert.deepEqual(sighting.x_threatbus_sighting_context, EVENT);
  assert.equal(sighting.x_threatbus_match_type, "RETRO");
  assert.equal(sighting.x_threatbus_indicator.type, "indicator");
  assert.equal(JSON.parse(await render("sighting", matchOf(EVENT))).id, sighting.id);
  const other = { ...EVENT, src_port: 1 };
  assert.notEqual(JSON.parse(await render("sighting", matchOf(other))).id, sighting.id);
});

Deno.test("sighting makes one bundle when asked", async () => {
  const format = await loadFormat("sighting", { bundle: true });
  const parts = [
    format.head!(),
    format.render(matchOf(EVENT)),
    format.render(matchOf(EVENT)),
    format.tail!(),
  ];
  const bundle = JSON.parse(parts.map((part) => new TextDecoder().decode(part)).join("\n"));
  assert.equal(bundle.type, "bundle");
  const types = bundle.objects.map((object: { type: string }) => object.type);
  assert.deepEqual(types.slice(-3), ["indicator", "sighting", "sighting"]);
});

/** A strict RFC 4180 reader of one record. */
function readCsv(line: string): string[] {
  const cells: string[] = [];
  for (let at = 0; at <= line.length; at++) {
    const quoted = /^"((?:[^"]|"")*)"(?=,|$)/.exec(line.slice(at));
    const cell = quoted ?? /^([^",]*)(?=,|$)/.exec(line.slice(at));
    assert(cell !== null, `not RFC 4180 at ${at}: ${line.slice(at, at + 40)}`);
    cells.push(cell[1]!.replaceAll('""', '"'));
    at += cell[0].length;
  }
  return cells;
}

Deno.test("csv has a header and a cell for each of its columns", async () => {
  const format = await loadFormat("csv");
  const header = readCsv(new TextDecoder().decode(format.head!()));
  const cells = readCsv(await render("csv", matchOf(EVENT)));
  const record = Object.fromEntries(header.map((name, at) => [name, cells[at]]));
  assert.equal(cells.length, header.length);
  assert.equal(record["timestamp"], "2011-08-12T13:00:36.349948Z");
  assert.equal(record["dest_ip"], "2001:db8::1");
  assert.equal(record["line"], "7");
  assert.deepEqual(JSON.parse(record["event"]!), EVENT);
});

Deno.test("csv neutralises formulas and keeps a record on one line", async () => {
  for (const value of HOSTILE) {
    const cells = readCsv(await render("csv", matchOf({ ...EVENT, event_type: value }, value)));
    assert.equal(cells.length, 14);
    for (const cell of cells) {
      assert.doesNotMatch(cell, /^\s*[=+\-@]/);
      // deno-lint-ignore no-control-regex
      assert.doesNotMatch(cell, /[\u0000-\u001f]/);
    }
  }
});

Deno.test("csv and table render any value as one line without controls", async () => {
  const formats = [await loadFormat("csv"), await loadFormat("table", { width: 80 })];
  fc.assert(fc.property(fc.string({ unit: "binary" }), (value) => {
    for (const format of formats) {
      const match = matchOf({ ...EVENT, src_ip: value }, value);
      const line = new TextDecoder("utf-8", { fatal: true }).decode(format.render(match));
      // deno-lint-ignore no-control-regex
      assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f]/);
    }
  }));
});

Deno.test("table fits the terminal, aligns and colours only if told", async () => {
  const { default: stringWidth } = await import("string-width");
  for (const width of [80, 100, 140]) {
    const format = await loadFormat("table", { width });
    const lines = [
      format.head!()!,
      format.render(matchOf(EVENT)),
      format.render(matchOf(EVENT, "日本語.example".repeat(10))),
    ].map((bytes) => new TextDecoder().decode(bytes));
    for (const line of lines) assert(stringWidth(line) <= width, line);
    const column = lines[0]!.indexOf("EVENT");
    assert.equal(lines[1]!.indexOf("dns"), column);
    assert.equal(stringWidth(lines[2]!.slice(0, lines[2]!.indexOf("dns"))), column);
    assert(!lines.join("").includes("\u001b"));
  }
  const colored = await render("table", matchOf(EVENT), { color: true });
  assert(colored.includes("\u001b[31mevil.example"));
});

Deno.test("table reads Zeek's names", async () => {
  const event = { ts: 1313154036.349948, _path: "conn", "id.orig_h": "10.0.0.9", "id.orig_p": 1 };
  const line = await render("table", matchOf(event), { width: 140 });
  assert.match(line, /2011-08-12T13:00:36 .*conn .*10\.0\.0\.9:1/);
});

Deno.test("table tells the log of Zeek's JSON that doesn't name it", () => {
  assert.equal(typeOf({ ts: 1, uid: "C1", "id.orig_h": "10.0.0.9", conn_state: "SF" }), "conn");
  assert.equal(typeOf({ ts: 1, query: "a.example", qtype_name: "A" }), "dns");
  assert.equal(typeOf({ ts: 1, "id.orig_h": "10.0.0.9" }), "");
});
