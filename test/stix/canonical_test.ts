import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalStix } from "../../src/stix/canonical.ts";

interface Case {
  readonly input: string;
  readonly app: string | null;
  readonly bus: string | null;
}

const CASES: readonly Case[] = JSON.parse(
  Deno.readTextFileSync(new URL("../fixtures/stix/canonical.json", import.meta.url)),
);

/** `stix2` fills in the time of its run and a random id; both are masked. */
function mask(text: string): string {
  return text
    .replace(/2026-11-21T1[34]:\d\d:\d\d\.\d+Z/g, "NOW")
    .replace(/indicator--(?!df0f9a0e)[0-9a-f]{8}-[0-9a-f-]+/, "ID");
}

const NOW = () => Date.parse("2026-11-21T13:00:00.123Z");

Deno.test("canonicalStix() writes what stix2 3.0.1 writes, in an app and in a broker", () => {
  for (const { input, app, bus } of CASES) {
    for (const [form, expected] of [["app", app], ["bus", bus]] as const) {
      const result = canonicalStix(input, form, NOW);
      if (expected === null) assert.ok(!result.ok, `accepted: ${input}`);
      else assert.equal(result.ok && mask(result.value.text), mask(expected));
    }
  }
});

Deno.test("canonicalStix() names what is wrong as a reason that can be counted", () => {
  const indicator = {
    type: "indicator",
    spec_version: "2.1",
    id: "indicator--df0f9a0e-c3b6-4f53-b0cf-5e9c454ee0cc",
    pattern: "[ipv4-addr:value = '6.6.6.6']",
    pattern_type: "stix",
  };
  const reasonOf = (changes: Record<string, unknown>) => {
    const result = canonicalStix(JSON.stringify({ ...indicator, ...changes }), "bus");
    return result.ok ? "ok" : result.fault.reason;
  };
  assert.equal(reasonOf({}), "ok");
  assert.equal(reasonOf({ type: "malware" }), "unsupported-type");
  assert.equal(reasonOf({ spec_version: undefined }), "not-stix-2.1");
  assert.equal(reasonOf({ id: "indicator--1" }), "bad-id");
  assert.equal(reasonOf({ pattern: undefined }), "no-pattern");
  assert.equal(reasonOf({ pattern: " " }), "no-pattern");
  assert.equal(reasonOf({ pattern_type: undefined }), "missing-property");
  assert.equal(reasonOf({ valid_from: "yesterday" }), "bad-property");
  assert.equal(reasonOf({ Xyz: 1 }), "bad-property");
  for (const name of ["revoked", "confidence", "lang", "valid_until", "labels"]) {
    assert.equal(reasonOf({ [name]: { toString: 0, valueOf: 0 } }), "bad-property");
  }
  const bad = canonicalStix('{"type":', "bus");
  assert.equal(!bad.ok && bad.fault.reason, "malformed-json");
});

Deno.test("canonicalStix() is settled: its output comes out unchanged", () => {
  for (const { input } of CASES) {
    const once = canonicalStix(input, "bus", NOW);
    if (!once.ok) continue;
    const twice = canonicalStix(once.value.text, "bus", NOW);
    assert.equal(twice.ok && twice.value.text, once.value.text);
  }
});

Deno.test("canonicalStix() takes any JSON object without throwing and stays settled", () => {
  const members = fc.dictionary(
    fc.oneof(
      fc.constantFrom("name", "labels", "revoked", "confidence", "created", "x_a"),
      fc.string(),
    ),
    fc.jsonValue(),
  );
  fc.assert(fc.property(members, (custom) => {
    const input = {
      type: "indicator",
      spec_version: "2.1",
      id: "indicator--df0f9a0e-c3b6-4f53-b0cf-5e9c454ee0cc",
      pattern: "[a:b = 'c']",
      pattern_type: "stix",
      ...custom,
    };
    const result = canonicalStix(JSON.stringify(input), "bus", NOW);
    if (!result.ok) return;
    JSON.parse(result.value.text);
    const again = canonicalStix(result.value.text, "bus", NOW);
    assert.equal(again.ok && again.value.text, result.value.text);
  }));
});
