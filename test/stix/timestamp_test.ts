import assert from "node:assert/strict";
import fc from "fast-check";
import {
  formatTimestamp,
  instantToMillis,
  millisToInstant,
  parseTimestamp,
  respellTimestamp,
} from "../../src/stix/timestamp.ts";

Deno.test("respellTimestamp() cuts zeros, keeps microseconds, turns offsets into UTC", () => {
  const cases: [string, 0 | 3, string | undefined][] = [
    ["2026-11-21T11:22:33.000Z", 0, "2026-11-21T11:22:33Z"],
    ["2026-11-21T11:22:33.000Z", 3, "2026-11-21T11:22:33.000Z"],
    ["2026-11-21T10:00:00.120120Z", 0, "2026-11-21T10:00:00.12012Z"],
    ["2026-11-21T10:00:00.123456Z", 0, "2026-11-21T10:00:00.123456Z"],
    ["2026-11-21T10:00:00.123456789Z", 0, "2026-11-21T10:00:00.123456Z"],
    ["2026-11-21T00:30:00+01:00", 0, "2026-11-20T23:30:00Z"],
    ["2024-02-29T00:00:00.123456Z", 0, "2024-02-29T00:00:00.123456Z"],
    ["2026-02-29T00:00:00.123456Z", 0, undefined],
    ["2026-00-10T00:00:00.123456Z", 0, undefined],
    ["2026-01-00T00:00:00.123456Z", 0, undefined],
    ["2026-11-21T10:00:60Z", 0, undefined],
    ["2026-11-21 10:00:00", 0, undefined],
    ["2026-11-21T10:00:00", 0, undefined],
  ];
  for (const [text, digits, expected] of cases) {
    assert.equal(respellTimestamp(text, digits), expected, text);
  }
});

Deno.test("millisToInstant() and formatTimestamp() round-trip through parseTimestamp()", () => {
  fc.assert(fc.property(fc.integer({ min: -6e13, max: 2.5e14 }), (millis) => {
    const instant = millisToInstant(millis);
    assert.deepEqual(parseTimestamp(formatTimestamp(instant, 3)), instant);
    assert.equal(instantToMillis(instant), millis);
  }));
});
