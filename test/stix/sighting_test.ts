import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { JsonObject } from "../../src/json.ts";
import { eventTimestamp } from "../../src/stix/event_time.ts";
import {
  createBundleWriter,
  sightingBytes,
  sightingId,
  type SightingSource,
} from "../../src/stix/sighting.ts";

const INDICATOR = "indicator--00000001-c3b6-4f53-b0cf-5e9c454ee0cc";
const now = () => Date.UTC(2026, 10, 21, 12, 6, 45, 275);

function source(event: JsonObject, more: Partial<SightingSource> = {}): SightingSource {
  const bytes = new TextEncoder().encode(JSON.stringify(event));
  const stix = { type: "indicator", id: INDICATOR, pattern: "[ipv4-addr:value = '6.6.6.6']" };
  return {
    type: "RETRO",
    indicator: { id: INDICATOR, stix },
    event: { bytes, value: event },
    ...more,
  };
}

const parse = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)) as JsonObject;

Deno.test("sightingBytes() has the ancestor's form, retro and live", () => {
  const event = { timestamp: "2011-08-12T13:00:36.349948", src_ip: "147.32.84.165" };
  const retro = source(event, { observable: { value: "6.6.6.6" } });
  const common = {
    type: "sighting",
    spec_version: "2.1",
    id: sightingId(retro),
    created: "2026-11-21T12:06:45.275Z",
    modified: "2026-11-21T12:06:45.275Z",
    last_seen: "2011-08-12T13:00:36.349948Z",
    sighting_of_ref: INDICATOR,
  };
  assert.deepEqual(parse(sightingBytes(retro, { now })), {
    ...common,
    x_threatbus_indicator: retro.indicator.stix,
    x_threatbus_match_type: "RETRO",
    x_threatbus_sighting_context: event,
  });
  assert.deepEqual(parse(sightingBytes({ ...retro, type: "LIVE" }, { now })), {
    ...common,
    x_threatbus_indicator_value: "6.6.6.6",
    x_threatbus_match_type: "LIVE",
    x_threatbus_sighting_context: event,
  });
});

Deno.test("sightingId() is the same for the same indicator and event only", () => {
  const one = source({ ts: 1 });
  assert.match(
    sightingId(one),
    /^sighting--[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  assert.equal(sightingId(one), sightingId(source({ ts: 1 }, { type: "LIVE" })));
  assert.notEqual(sightingId(one), sightingId(source({ ts: 2 })));
  const window = { name: "hour 1", count: 2, firstSeen: "", lastSeen: "" };
  assert.equal(sightingId(one, window), sightingId(source({ ts: 2 }), window));
});

Deno.test("sightingBytes() counts the events of a window", () => {
  const window = {
    name: "2014-05-23T18",
    count: 3,
    firstSeen: "2014-05-23T18:00:00Z",
    lastSeen: "2014-05-23T18:59:00Z",
  };
  const sighting = parse(sightingBytes(source({ ts: 1 }), { window }));
  assert.deepEqual([sighting["count"], sighting["first_seen"], sighting["last_seen"]], [
    3,
    window.firstSeen,
    window.lastSeen,
  ]);
});

Deno.test("sightingBytes() carries any event unchanged", () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (event) => {
    const plain = JSON.parse(JSON.stringify(event)) as JsonObject;
    assert.deepEqual(parse(sightingBytes(source(plain)))["x_threatbus_sighting_context"], plain);
  }));
});

Deno.test("eventTimestamp() reads every spelling of a time", () => {
  const cases: readonly (readonly [JsonObject, string | undefined])[] = [
    [{ timestamp: "2011-08-12T13:00:36.349948+0000" }, "2011-08-12T13:00:36.349948Z"],
    [{ timestamp: "2011-08-12T14:52:57.716360+0200" }, "2011-08-12T12:52:57.71636Z"],
    [{ ts: "2014-05-23T18:02:04.149036789" }, "2014-05-23T18:02:04.149036Z"],
    [{ ts: "2014-05-23T20:02:04+02:00" }, "2014-05-23T18:02:04Z"],
    [{ ts: "2014-05-23" }, "2014-05-23T00:00:00Z"],
    [{ ts: 1400868124.149036 }, "2014-05-23T18:02:04.149036Z"],
    [{ ts: 1400868124149 }, "2014-05-23T18:02:04.149Z"],
    [{ ts: "1400868124.149036" }, "2014-05-23T18:02:04.149036Z"],
    [{ ts: null, timestamp: "2014-05-23 18:02:04,5" }, "2014-05-23T18:02:04.5Z"],
    [{ "@timestamp": "2014-05-23T18:02:04.100Z" }, "2014-05-23T18:02:04.1Z"],
    [{ ts: "yesterday" }, undefined],
    [{ timestamp: "2014-13-23T18:02:04Z" }, undefined],
    [{}, undefined],
    // Both: as the ancestor takes it.
    [
      { timestamp: "2000-01-01T00:00:00Z", ts: "2014-05-23T20:02:04+02:00" },
      "2014-05-23T18:02:04Z",
    ],
  ];
  for (const [event, expected] of cases) assert.equal(eventTimestamp(event), expected);
});

Deno.test("createBundleWriter() writes one JSON document with each indicator once", () => {
  const bundle = createBundleWriter();
  const parts = [
    bundle.head(),
    bundle.add(source({ ts: 1 })),
    bundle.add(source({ ts: 2 })),
    bundle.tail(),
  ];
  const text = parts.map((part) => new TextDecoder().decode(part)).join("");
  const { objects } = JSON.parse(text) as { objects: { type: string }[] };
  assert.deepEqual(objects.map(({ type }) => type), [
    "identity",
    "extension-definition",
    "indicator",
    "sighting",
    "sighting",
  ]);
});
