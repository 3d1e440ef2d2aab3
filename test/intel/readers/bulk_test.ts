import assert from "node:assert/strict";
import fc from "fast-check";
import { createIndicatorSet } from "../../../src/intel/indicator_set.ts";
import { readIndicators } from "../../../src/intel/readers/mod.ts";
import { CLASSES, scanSimple } from "../../../src/intel/readers/simple.ts";

const encoder = new TextEncoder();

/** Pieces of which lines are made: most lines are simple, many nearly so. */
const piece = fc.oneof(
  fc.constantFrom("evil", "com", ".", ".", "-", "_", "xn--", "1", "255", "256", "0", "01", "a"),
  fc.constantFrom("https://", "/path", ":80", "::1", "/24", " ", "\t", "\r", "#", " # why", "@"),
  fc.constantFrom("EVIL", "ü", "[.]", "192.0.2.1", "evil.example", "x".repeat(64), "\0", "\x7f"),
  fc.constantFrom(32, 40, 64, 128, 33).map((length) => "0a".repeat(length).slice(0, length)),
);
const odd = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(""));
const label = fc.string({ unit: fc.constantFrom(..."abz09-"), minLength: 1, maxLength: 8 });
const line = fc.oneof(
  odd,
  fc.tuple(label, fc.constantFrom("com", "a", "b2", "co.uk")).map((parts) => parts.join(".")),
  fc.array(fc.nat(260), { minLength: 4, maxLength: 4 }).map((octets) => octets.join(".")),
  // About as long as what is told apart in one go.
  fc.tuple(fc.integer({ min: 10, max: 68 }), fc.constantFrom(".de", ".d", "..de", ".de.", "", " "))
    .map(([length, end]) => "0a".repeat(length).slice(0, length) + end),
);

/** What a list makes of a set when it comes in chunks of so many bytes. */
async function read(bytes: Uint8Array, chunkBytes: number) {
  const set = createIndicatorSet({ now: () => 0 });
  const open = async function* () {
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      yield bytes.subarray(at, at + chunkBytes);
    }
  };
  const report = await readIndicators(set, { name: "list", open }, {
    format: "plain",
    skipInvalid: true,
  });
  const values = [...set.handles()].map((handle) => {
    const { pattern, points, place } = set.get(handle);
    return { pattern, points, place };
  });
  for (const { points: [point] } of values) {
    // The hash of what was read in bulk is the one by which it is found.
    assert.ok(set.iocs.find(point!) >= 0, point!.value);
  }
  return { report, values };
}

Deno.test("a list is read alike in bulk and line by line", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { minLength: 1, maxLength: 60 }),
      fc.constantFrom("\n", "\r\n"),
      fc.constantFrom("", "\n", "\n\n"),
      async (lines, newline, end) => {
        // The most part is read in bulk; chunks of 4 KiB are too short for that.
        const filler = Array.from({ length: 6000 }, (_, i) => `host${i}.example.net`);
        const text = [filler[0], ...lines, ...filler, ...lines].join(newline) + end;
        const bytes = encoder.encode(text);
        assert.deepEqual(await read(bytes, bytes.length), await read(bytes, 4096));
      },
    ),
    { numRuns: Number(Deno.env.get("FUZZ_RUNS") ?? 25) },
  );
});

Deno.test("a list of short lines and unknown length is read alike in chunks of any size", async () => {
  const lines = Array.from({ length: 60_000 }, (_, i) => i % 997 === 0 ? `EVIL${i}.de` : `${i}.de`);
  const bytes = encoder.encode([...lines, ...lines.slice(0, 5000)].join("\n"));
  const whole = await read(bytes, 4096);
  assert.deepEqual(await read(bytes, 70_000), whole);
  assert.deepEqual(await read(bytes, bytes.length), whole);
});

Deno.test("scanSimple() takes no newline, which the bulk reader relies on", () => {
  assert.equal(CLASSES[10], 0);
  assert.ok(!scanSimple(encoder.encode("evil.com\nevil.net"), 0, 17));
});
