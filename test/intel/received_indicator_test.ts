import assert from "node:assert/strict";
import fc from "fast-check";
import { feedIndicator } from "../../bench/run/indicators.ts";
import { holds, ID, utf8 } from "./received.ts";

Deno.test("readReceived() reads indicators of feeds as indicatorFromStix() does", () => {
  let taken = 0;
  for (let number = 0; number < 1000; number++) taken += Number(holds(utf8(feedIndicator(number))));
  // The others are compound.
  assert.equal(taken, 990);
  assert.ok(holds(utf8(feedIndicator(1).replace("contacted", "связался 🦠"))));
});

const time = fc.oneof(
  fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
    .map((date) => date.toISOString()),
  fc.constantFrom("2026-11-21T10:00:00.123456789+01:00", "2026-11-21t10:00:00z", "2026-02-30"),
);
const head = fc.constantFrom(
  ...["ipv4-addr:value", "ipv6-addr:value", "domain-name:value", "url:value", "email-addr:value"],
  ...["file:hashes.MD5", "file:hashes.'SHA-1'", "file:hashes.'SHA-256'", "file:hashes.MD4"],
  ...["file:name", "toString:value", "domain-name:resolves_to_refs[*].value"],
);
const value = fc.oneof(
  fc.constantFrom("10.1.2.3", "10.0.0.0/8", "010.1.2.3", "2001:DB8::1", "2001:db8::/32", ""),
  fc.constantFrom("Bad.Example.", "münchen.example", "http://Bad.Example", "a@B.example"),
  fc.constantFrom("D41D8CD98F00B204E9800998ECF8427E", "d4:1d", "a".repeat(64), "it\\'s", " "),
  fc.string(),
);
const space = fc.constantFrom("", " ", "  ", "\t");
const fitting = fc.constantFrom<[string, string][]>(
  ["ipv4-addr:value", "10.1.2.3"],
  ["ipv4-addr:value", "10.0.0.0/8"],
  ["ipv6-addr:value", "2001:DB8::1"],
  ["domain-name:value", "Bad.Example."],
  ["url:value", "HTTP://Bad.Example"],
  ["email-addr:value", "a@B.example"],
  ["file:hashes.MD5", "D41D8CD98F00B204E9800998ECF8427E"],
  ["file:hashes.'SHA-256'", "a".repeat(64)],
);
const pattern = fc.tuple(fc.oneof(fitting, fc.tuple(head, value)), space, space)
  .map(([[head, value], before, after]) => `[${head}${before}=${after}'${value}']`);

Deno.test("readReceived() reads all that it takes as indicatorFromStix() does", () => {
  const odd = fc.record({
    type: fc.constant("malware"),
    id: fc.constantFrom(ID.toUpperCase(), "indicator--1", 1),
    pattern: fc.jsonValue(),
    pattern_type: fc.constantFrom("yara", null),
    created: time,
    modified: fc.constantFrom("today", 1, null),
    valid_from: fc.constantFrom("", {}),
    valid_until: fc.constant(null),
    revoked: fc.constantFrom("true", null),
    x_threatbus_update: fc.constant("EDIT"),
  }, { requiredKeys: [] });
  const indicator = fc.record({
    type: fc.constant("indicator"),
    id: fc.constant(ID),
    pattern,
    pattern_type: fc.constant("stix"),
    modified: time,
    valid_from: time,
    valid_until: time,
    revoked: fc.boolean(),
    name: fc.string({ unit: "binary" }),
  }, { requiredKeys: ["type", "id", "pattern"] });
  const either = fc.oneof(
    { weight: 4, arbitrary: indicator },
    fc.tuple(indicator, odd).map(([indicator, odd]) => ({ ...indicator, ...odd })),
  );
  let taken = 0;
  fc.assert(
    fc.property(either, fc.boolean(), (indicator, spaced) => {
      taken += Number(holds(utf8(JSON.stringify(indicator, undefined, spaced ? 1 : 0))));
    }),
    { numRuns: 10_000 },
  );
  assert.ok(taken > 300, String(taken));
});
