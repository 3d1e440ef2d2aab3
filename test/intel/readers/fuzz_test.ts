import assert from "node:assert/strict";
import fc from "fast-check";
import { BridgeError } from "../../../src/errors.ts";
import { createIndicatorSet } from "../../../src/intel/indicator_set.ts";
import { observe } from "../../../src/intel/observe.ts";
import { IOC_FORMATS, readIndicators } from "../../../src/intel/readers/mod.ts";
import { scanSimple, simpleValue } from "../../../src/intel/readers/simple.ts";
import { OBSERVABLE_KINDS } from "../../../src/match/observable.ts";
import { matchKey } from "../../../src/match/canonical.ts";

const encoder = new TextEncoder();

/** Texts near to IoCs, so that both ways of reading meet their borders. */
const near = fc.oneof(
  fc.ipV4(),
  fc.domain(),
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  fc.string({ unit: fc.constantFrom(..."abf0129.-_:/") }),
  fc.string({ unit: fc.constantFrom(..."0129."), minLength: 7, maxLength: 15 }),
  fc.tuple(
    fc.constantFrom("http://", "https://", "http:/", "httpx://", "ftp://", "hxxp://"),
    fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.string({ unit: fc.constantFrom(..."a1.-_:"), maxLength: 8 }),
    ),
    fc.string({ unit: fc.constantFrom(..."/a[](){}<>\\ #?%.é\"'"), maxLength: 8 }),
  ).map((parts) => parts.join("")),
  fc.constantFrom(30, 32, 40, 64, 128).chain((length) =>
    fc.string({ unit: fc.constantFrom(..."0af"), minLength: length, maxLength: length })
  ),
  fc.tuple(fc.domain(), fc.constantFrom(" ", "\t", "\r", " # x", ".", ":80", "[.]a")).map((parts) =>
    parts.join("")
  ),
);

Deno.test("scanSimple() takes only lines that the slow way reads as the same value", () => {
  let simple = 0;
  fc.assert(
    fc.property(near, (text) => {
      const bytes = encoder.encode(` ${text}\r`);
      if (!scanSimple(bytes, 0, bytes.length)) return;
      simple++;
      const { kind, start, end, skip } = simpleValue;
      const value = new TextDecoder().decode(bytes.subarray(start, end));
      const observable = { kind: OBSERVABLE_KINDS[kind]!, value };
      assert.deepEqual(observe(text), observable);
      assert.equal(value.slice(skip), matchKey(observable.kind, value));
    }),
    { numRuns: 5000 },
  );
  assert.ok(simple > 1000);
});

Deno.test("scanSimple() takes the values that lists are made of", () => {
  for (
    const text of [
      "1.2.3.4",
      "evil.com",
      "a-b.c_d.evil.com",
      "http://evil.com/a/b.exe?c=d&e=%20",
      "https://1.2.3.4/x",
      "a".repeat(32),
      "0".repeat(40),
      "f".repeat(64),
      "1f".repeat(64),
    ]
  ) {
    const bytes = encoder.encode(text);
    assert.equal(scanSimple(bytes, 0, bytes.length), true, text);
  }
});

/** Pieces that readers look for, in any order. */
const piece = fc.constantFrom(
  "value",
  "indicator,type",
  "\n",
  "\r\n",
  '"',
  ",",
  ";",
  "\t",
  "#",
  "//",
  "evil.com",
  "1.2.3.4",
  "{",
  "}",
  "[",
  "]",
  '{"type":"bundle","objects":[',
  '{"type":"indicator","id":"indicator--00000000-0000-4000-8000-000000000000","pattern":"[url:value = \'x\']"}',
  '{"Event":{"Attribute":[{"type":"domain|ip","value":"a.b|1.2.3.4"}]}}',
  '{"response":',
  "null",
  "1e999",
  '{"__proto__":{"type":"bundle"}}',
  "\u0000",
  "\ufeff",
  "é",
);
const content = fc.oneof(
  fc.array(piece, { maxLength: 20 }).map((pieces) => encoder.encode(pieces.join(""))),
  fc.json().map((text) => encoder.encode(text)),
  fc.uint8Array({ maxLength: 200 }),
  fc.uint8Array({ maxLength: 50 }).map((bytes) => Uint8Array.of(0x1f, 0x8b, 8, 0, ...bytes)),
);

Deno.test("readIndicators() survives any content in any format, cut anywhere", async () => {
  const format = fc.constantFrom(undefined, ...Object.keys(IOC_FORMATS));
  await fc.assert(
    fc.asyncProperty(content, format, fc.nat(300), async (bytes, format, cut) => {
      const input = {
        name: "x",
        async *open() {
          yield bytes.slice(0, cut);
          yield bytes.slice(cut);
        },
      };
      const set = createIndicatorSet();
      try {
        const report = await readIndicators(set, input, { format, skipInvalid: true });
        assert.equal(report.added, set.size);
      } catch (error) {
        assert.ok(error instanceof BridgeError, String((error as Error).stack));
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("readIndicators() reads the same however the bytes are cut", async () => {
  const line = fc.oneof(near, fc.constantFrom("evil.com # x", "", "# c", "1[.]2.3.4"));
  const property = fc.asyncProperty(
    fc.array(line, { maxLength: 12 }),
    fc.array(fc.nat(200), { maxLength: 5 }),
    async (lines, cuts) => {
      const bytes = encoder.encode(lines.map((text) => text.replaceAll("\n", "")).join("\n"));
      const readings = [[], cuts.toSorted((a, b) => a - b)].map(async (cuts) => {
        const set = createIndicatorSet();
        const input = {
          name: "x",
          async *open() {
            const ends = [...cuts, bytes.length];
            for (const [index, end] of ends.entries()) yield bytes.slice(ends[index - 1] ?? 0, end);
          },
        };
        const report = await readIndicators(set, input, { format: "plain", skipInvalid: true });
        return { report, entries: [...set.iocs.entries()] };
      });
      const [whole, cut] = await Promise.all(readings);
      assert.deepEqual(cut, whole);
    },
  );
  await fc.assert(property, { numRuns: 500 });
});
