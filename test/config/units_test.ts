import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import { parseBytes, parseDuration, parseInstant } from "../../src/config/units.ts";

Deno.test("parseDuration() takes seconds and texts with units", () => {
  assert.equal(parseDuration(3600.), 3_600_000);
  assert.equal(parseDuration("90"), 90_000);
  assert.equal(parseDuration("1h30m"), 5_400_000);
  assert.equal(parseDuration("500ms"), 500);
  assert.equal(parseDuration("7d"), 604_800_000);
});

Deno.test("parseDuration() refuses what is no duration", () => {
  for (const bad of ["", "7 d", "-1", "d", "1x", "Infinity", Number.NaN, -3]) {
    assert.throws(() => parseDuration(bad), InputError, String(bad));
  }
});

Deno.test("parseBytes() knows decimal and binary units", () => {
  assert.equal(parseBytes(10), 10);
  assert.equal(parseBytes("1KiB"), 1024);
  assert.equal(parseBytes("1 MB"), 1_000_000);
  assert.equal(parseBytes("1.5g"), 1.5 * 1024 ** 3);
  assert.throws(() => parseBytes("1 parsec"), InputError);
});

Deno.test("parseInstant() takes RFC 3339 in any zone, dates, and ages", () => {
  const now = Date.UTC(2026, 10, 21);
  assert.equal(parseInstant("2026-11-20T22:00:00-02:00", now), now);
  assert.equal(parseInstant("2026-11-20T22:00:00.000-0200", now), now);
  assert.equal(parseInstant("2026-11-21 00:00:00", now), now);
  assert.equal(parseInstant("2026-11-21", now), now);
  assert.equal(parseInstant("7d", now), now - 604_800_000);
  assert.throws(() => parseInstant("yesterday", now), InputError);
  assert.equal(parseInstant("1795219200.5", now), 1795219200500);
  for (const bad of ["2026-13-41", "2026-02-30", "2026-02-29T00:00:00Z", "2026", "90", "7"]) {
    assert.throws(() => parseInstant(bad, now), InputError, bad);
  }
});

Deno.test("parseInstant() reads back every ISO time", () => {
  fc.assert(
    fc.property(fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }), (date) => {
      assert.equal(parseInstant(date.toISOString(), 0), date.getTime());
    }),
  );
});
