import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { JsonObject } from "../../src/json.ts";
import { createBusSpeller, isBusSighting } from "../../src/stix/bus_sighting.ts";
import { canonicalStix } from "../../src/stix/canonical.ts";
import { respell } from "../../src/stix/python_json.ts";
import { respellBytes } from "../../src/stix/python_bytes.ts";
import { sightingBytes, type SightingSource } from "../../src/stix/sighting.ts";

const INDICATOR = "indicator--00000001-c3b6-4f53-b0cf-5e9c454ee0cc";
const now = () => Date.UTC(2026, 10, 21, 12, 6, 45, 270);
const busSightingBytes = createBusSpeller();
const encoder = new TextEncoder(), decoder = new TextDecoder();

function sourceOf(text: string, more: Partial<SightingSource> = {}): SightingSource {
  const stix = { type: "indicator", id: INDICATOR, pattern: "[ipv4-addr:value = '6.6.6.6']" };
  return {
    type: "LIVE",
    indicator: { id: INDICATOR, stix },
    observable: { value: "6.6.6.6" },
    event: { bytes: encoder.encode(text), value: JSON.parse(text) as JsonObject },
    ...more,
  };
}

/** What the checked way makes of the same sighting. */
function checked(source: SightingSource): string {
  const result = canonicalStix(decoder.decode(sightingBytes(source, { now })), "app");
  assert.ok(result.ok, "not valid as STIX");
  return result.value.text;
}

function assertSame(source: SightingSource): void {
  const bytes = busSightingBytes(source, { now });
  assert.equal(decoder.decode(bytes), checked(source));
  assert.ok(isBusSighting(bytes));
}

Deno.test("createBusSpeller() is what the checked way sends, byte for byte", () => {
  const events = [
    '{"timestamp":"2011-08-12T13:00:36.349948","src_ip":"147.32.84.165"}',
    '{"ts":1313154036.3499,"a":[1,-0,0.5,-0.0,1e5,0.10,12345678901234567890],"b":null,"c":true}',
    '{ "timestamp" : "2011-08-12T13:00:36.300000+0200", "a" : [ ], "b" : { } }  \r',
    '{"host":"bücher.example","path":"C:\\\\a\\/b \\"q\\" \\u00FC \\ud83d","tiny":0.00001}',
  ];
  for (const event of events) {
    assertSame(sourceOf(event));
    assertSame(sourceOf(event, { type: "RETRO" }));
    assertSame(sourceOf(event, { observable: { value: 'bücher"\\.example' } }));
    assertSame(sourceOf("{}", { context: encoder.encode(event) }));
  }
});

Deno.test("createBusSpeller() and respellBytes() agree with the checked way on any event", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue()),
      fc.constantFrom(0, 1),
      (event, indent) => {
        const text = JSON.stringify(event, null, indent);
        assert.equal(decoder.decode(respellBytes(encoder.encode(text))), respell(text));
        assertSame(sourceOf(text));
      },
    ),
  );
});

Deno.test("respellBytes() spells any number as Python does", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
        fc.stringMatching(/^-?(0|[1-9]\d{0,20})(\.\d{1,20})?(e[+-]?\d{1,2})?$/),
      ),
      (number) => {
        assert.equal(decoder.decode(respellBytes(encoder.encode(number))), respell(number));
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("createBusSpeller() keeps sightings apart, also large ones", () => {
  const sources = Array.from(
    { length: 300 },
    (_, n) => sourceOf(JSON.stringify({ n, text: "x".repeat(n % 7 === 0 ? 40_000 : n) })),
  );
  const written = sources.map((source) => busSightingBytes(source, { now }));
  for (const [n, bytes] of written.entries()) {
    assert.equal(decoder.decode(bytes), checked(sources[n]!));
  }
});

Deno.test("createBusSpeller() leaves to the checked way what can't be spelt", () => {
  const source = sourceOf('{"a":1e999}');
  const bytes = busSightingBytes(source, { now });
  assert.deepEqual(bytes, sightingBytes(source, { now }));
  assert.ok(!isBusSighting(bytes));
});
