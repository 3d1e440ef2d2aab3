import assert from "node:assert/strict";
import fc from "fast-check";
import { isJsonObject } from "../../../../src/json.ts";
import type { IocSet } from "../../../../src/match/set.ts";
import { createEveryLineFinder } from "../../../../src/engines/logs/scan/every_line.ts";
import {
  createHunters,
  createKernelFinders,
} from "../../../../src/engines/logs/scan/kernel_finder.ts";
import { createPlainFinder } from "../../../../src/engines/logs/scan/plain_finder.ts";
import type { CreateFinder } from "../../../../src/engines/logs/scan/finder.ts";
import { eventWith, iocTexts, jsonLine, setOf } from "./events.ts";

const JSON_LINES = { type: "json" } as const;
const encoder = new TextEncoder();

/** Indices of the lines in which the oracle finds something: each line parsed, all IoCs tried. */
function oracle(lines: readonly string[], iocs: IocSet): number[] {
  return lines.flatMap((line, index) => {
    try {
      const event = JSON.parse(line);
      return isJsonObject(event) && iocs.hits(event).length > 0 ? [index] : [];
    } catch {
      return [];
    }
  });
}

function found(
  block: Uint8Array,
  iocs: IocSet,
  createFinder: CreateFinder = createKernelFinders(),
): { lines: string[]; indices: number[] } {
  const findings = createFinder({ iocs }, JSON_LINES).find(block, 0, block.length);
  const lines: string[] = [];
  const indices: number[] = [];
  for (let i = 0; i < findings.length; i += 3) {
    const [start, end, index] = [0, 1, 2].map((k) => findings.candidates[i + k]!);
    lines.push(new TextDecoder().decode(block.subarray(start, end)));
    indices.push(index!);
  }
  return { lines, indices };
}

const scene = fc.record({ texts: iocTexts, subdomains: fc.boolean() }).chain((it) =>
  fc.record({
    texts: fc.constant(it.texts),
    subdomains: fc.constant(it.subdomains),
    // So many IoCs that the kernel looks at all values instead of seeking a few texts.
    crowd: fc.boolean(),
    events: fc.array(fc.tuple(eventWith(it.texts), fc.nat(2), fc.nat()), {
      minLength: 1,
      maxLength: 6,
    }),
    cut: fc.nat(200),
    // Lines in which there is nothing, of all lengths, between the others.
    dull: fc.array(fc.nat(300), { maxLength: 80 }),
  })
);

const CROWD = Array.from({ length: 20 }, (_, i) => ["domain", `d${i}.example`] as const);

Deno.test("find() names every line in which the oracle finds an IoC", () => {
  fc.assert(
    fc.property(scene, ({ texts, subdomains, crowd, events, cut, dull }) => {
      const iocs = setOf(crowd ? [...texts, ...CROWD] : texts, subdomains);
      const lines = events.map(([event, spell, seed]) => jsonLine(event, spell, seed));
      for (const [i, length] of dull.entries()) {
        lines.splice(i % (lines.length + 1), 0, `{"dull":"${"-".repeat(length)}"}`);
      }
      // A line that was cut off is no event, and must not hide the next one.
      if (cut < 100) lines.splice(1, 0, lines[0]!.slice(0, cut));
      const text = lines.join("\n") + (cut % 2 === 0 ? "\n" : "");
      const block = encoder.encode(text);
      const kernel = found(block, iocs), plain = found(block, iocs, createPlainFinder);
      for (const index of oracle(lines, iocs)) {
        assert.ok(kernel.indices.includes(index), `kernel: ${lines[index]}`);
        assert.ok(plain.indices.includes(index), `plain: ${lines[index]}`);
      }
      assert.deepEqual(kernel.lines, kernel.indices.map((index) => lines[index]));
    }),
    { numRuns: Number(Deno.env.get("FUZZ_RUNS") ?? 1000) },
  );
});

Deno.test("find() counts lines and odd lines as the plain finder does", () => {
  const piece = fc.constantFrom(
    '{"a":"evil.com"}',
    "{}",
    "{",
    "}",
    "",
    "  ",
    "null",
    '{"a":1} ',
    "\r",
    '{"a":"b"}\r',
    "[1]",
    " {}",
    '{"a":"trunc',
    "garbage \u0000",
    '{"long":"' + "x".repeat(9000) + '"}',
  );
  const iocs = setOf([["domain", "evil.com"]], false);
  fc.assert(fc.property(fc.array(piece, { maxLength: 20 }), fc.boolean(), (lines, open) => {
    const block = encoder.encode(lines.join("\n") + (open ? "" : "\n"));
    const kernel = createKernelFinders()({ iocs }, JSON_LINES).find(block, 0, block.length);
    const plain = createEveryLineFinder({ iocs }, JSON_LINES).find(block, 0, block.length);
    assert.deepEqual(
      [kernel.lines, kernel.odd, kernel.firstOdd],
      [plain.lines, plain.odd, plain.firstOdd],
    );
    const hits = lines.filter((line) => line.includes("evil.com")).length;
    assert.equal(kernel.length / 3, hits);
  }));
});

Deno.test("find() sees a value wherever it lies against strides and registers", () => {
  const iocs = setOf([["domain", "evil.com"], ["sha256", "ab".repeat(32)]], false);
  const finder = createKernelFinders()({ iocs }, JSON_LINES);
  for (const value of ["evil.com", "AB".repeat(32), "\\u0065vil.com", "evil.com."]) {
    for (let shift = 0; shift < 200; shift++) {
      const line = `{"pad":"${"-".repeat(8000 + shift)}","name":"${value}"}\n`;
      const block = encoder.encode(`{"first":1}\n${line}{"last":"x"}`);
      const findings = finder.find(block, 0, block.length);
      assert.equal(findings.length, 3, `${value} at ${shift}`);
      assert.equal(findings.candidates[2], 1);
      assert.equal(findings.lines, 3);
    }
  }
});

Deno.test("find() knows hashes and IPv4 by the colons that they are spelt with, and little else", () => {
  const hashes = [["md5", "0a".repeat(16)], ["sha1", "1b".repeat(20)]] as const;
  const iocs = setOf([...CROWD, ...hashes, ["ipv4", "192.0.2.1"]], false);
  const coloned = (hex: string) => hex.replace(/..(?=.)/g, "$&:");
  const spelt = [
    coloned("0A".repeat(16)),
    coloned("1b".repeat(20)),
    "::ffff:192.0.2.1",
    "0:0:0:0:0:FFFF:c000:201",
    "::ffff:C000:0201",
    "192.0.2.1:80",
    "d1.example:65535",
  ];
  const dull = [
    coloned("3c".repeat(20)),
    coloned("0a".repeat(8)),
    "2001:0db8:d0d2:0000:0000:0000:636c:fde7",
    "2001:db8::192.0.2.1",
    "fe80::ffff:1",
    "2026-01-01T00:00:00",
  ];
  const block = encoder.encode([...spelt, ...dull].map((text) => `{"a":"${text}"}\n`).join(""));
  assert.deepEqual(found(block, iocs).indices, [...spelt.keys()]);
});

Deno.test("find() names a domain of one letter, alone and among many", () => {
  for (const others of [[], CROWD]) {
    const iocs = setOf([["domain", "a"], ...others], false);
    const lines = ['{"x":"a"}', '{"x":"A","y":"bc"}', '{"x":"b"}', '{"a":""}', '{"x":"a."}'];
    assert.deepEqual(found(encoder.encode(lines.join("\n")), iocs).indices, [0, 1, 4]);
  }
});

Deno.test("find() gives up seeking where nearly every line has what it seeks", () => {
  const iocs = setOf([["domain", "evil.com"]], false);
  const dull = '{"a":"not-evil.com"}\n'.repeat(20_000);
  const block = encoder.encode(`${dull}{"a":"EVIL.com"}\n${dull}`);
  const findings = createKernelFinders()({ iocs }, JSON_LINES).find(block, 0, block.length);
  assert.deepEqual([findings.length, findings.candidates[2]], [3, 20_000]);
  assert.equal(findings.lines, 40_001);
});

Deno.test("find() names more lines than fit at once, each once and in order", () => {
  const iocs = setOf([["ipv4", "192.0.2.1"]], false);
  const line = '{"a":"192.0.2.1","b":"192.0.2.1"}\n';
  const block = encoder.encode(line.repeat(100_000));
  const findings = createKernelFinders()({ iocs }, JSON_LINES).find(block, 0, block.length);
  assert.equal(findings.length, 300_000);
  for (let i = 0; i < 100_000; i++) {
    assert.equal(findings.candidates[3 * i], i * line.length);
    assert.equal(findings.candidates[3 * i + 2], i);
  }
});

Deno.test("find() sees what was added and drops what was removed since the last call", () => {
  const iocs = setOf([["domain", "old.example"]], false);
  const finder = createKernelFinders()({ iocs }, JSON_LINES);
  const block = encoder.encode('{"a":"new.example"}\n{"a":"old.example"}\n{"a":"2001:DB8::0:1"}\n');
  const indices = () => {
    const { candidates, length } = finder.find(block, 0, block.length);
    return Array.from({ length: length / 3 }, (_, i) => candidates[3 * i + 2]);
  };
  assert.deepEqual(indices(), [1]);
  iocs.add({ kind: "domain", value: "new.example" }, 7);
  iocs.add({ kind: "cidr", value: "2001:db8::/32" }, 8);
  assert.deepEqual(indices(), [0, 1, 2]);
  for (let i = 0; i < 5000; i++) iocs.add({ kind: "domain", value: `d${i}.example` }, 100 + i);
  assert.deepEqual(indices(), [0, 1, 2]);
  for (let i = 0; i < 5000; i++) iocs.remove({ kind: "domain", value: `d${i}.example` }, 100 + i);
  iocs.remove({ kind: "domain", value: "old.example" }, 0);
  iocs.remove({ kind: "cidr", value: "2001:db8::/32" }, 8);
  assert.deepEqual(indices(), [0]);
});

Deno.test("createKernelFinders() takes the plain finder where there is no SIMD", () => {
  const iocs = setOf([["domain", "evil.com"]], false);
  const block = encoder.encode('{"a":"evil.com"}\n{"a":"good.com"}\n');
  const finders = createKernelFinders(createHunters(() => undefined));
  const { candidates, length } = finders({ iocs }, JSON_LINES).find(block, 0, block.length);
  assert.deepEqual(Array.from({ length }, (_, i) => candidates[i]), [0, 16, 0]);
});
