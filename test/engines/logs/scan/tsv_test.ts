import assert from "node:assert/strict";
import fc from "fast-check";
import { createEventReader } from "../../../../src/engines/logs/events/event_reader.ts";
import type { LineFormat } from "../../../../src/engines/logs/scan/finder.ts";
import { createKernelFinders } from "../../../../src/engines/logs/scan/kernel_finder.ts";
import { createPlainFinder } from "../../../../src/engines/logs/scan/plain_finder.ts";
import type { ObservableKind } from "../../../../src/match/observable.ts";
import type { IocSet } from "../../../../src/match/set.ts";
import { iocTexts, setOf, textIn } from "./events.ts";

const TSV = { type: "tsv", separator: 9, setSeparator: 44 } as const;
const HEADER = [
  "#separator \\x09",
  "#set_separator\t,",
  "#empty_field\t(empty)",
  "#unset_field\t-",
  "#fields\tts\tid.orig_h\tid.resp_p\thost\turi\tanswers\tnote",
  "#types\ttime\taddr\tport\tstring\tstring\tvector[string]\tstring",
];
const encoder = new TextEncoder();

/** Writes a text as Zeek's ASCII writer does, all bytes beyond ASCII escaped if `plain`. */
function cell(text: string, inSet: boolean, plain: boolean): string {
  let out = "";
  for (const byte of encoder.encode(text)) {
    const char = String.fromCharCode(byte);
    const special = byte < 0x20 || byte === 0x7f || char === "\\" || inSet && char === ",";
    out += special || plain && byte >= 0x80 ? `\\x${byte.toString(16).padStart(2, "0")}` : char;
  }
  return plain ? out : new TextDecoder().decode(Uint8Array.from(out, (char) => char.charCodeAt(0)));
}

function oracle(lines: readonly string[], iocs: IocSet, format: LineFormat = TSV): number[] {
  const reader = createEventReader(format);
  return lines.flatMap((text, index) => {
    const line = reader.read(encoder.encode(text));
    if (line.type === "header") return [index];
    const event = line.type === "event" ? line.parse() : undefined;
    return event !== undefined && iocs.hits(event.value).length > 0 ? [index] : [];
  });
}

const scene = fc.record({ texts: iocTexts, subdomains: fc.boolean() }).chain((it) => {
  const text = textIn(it.texts);
  return fc.record({
    texts: fc.constant(it.texts),
    subdomains: fc.constant(it.subdomains),
    plain: fc.boolean(),
    ending: fc.constantFrom("\n", "\r\n"),
    rows: fc.array(
      fc.record({
        addr: text,
        host: text,
        uri: text,
        list: fc.array(text, { maxLength: 3 }),
        note: text,
      }),
      { minLength: 1, maxLength: 5 },
    ),
    dull: fc.array(fc.nat(300), { maxLength: 40 }),
  });
});

Deno.test("find() names every header and every row in which the oracle finds an IoC", () => {
  fc.assert(
    fc.property(scene, ({ texts, subdomains, plain, ending, rows, dull }) => {
      const iocs = setOf(texts, subdomains);
      const write = (text: string, inSet = false) => cell(text, inSet, plain) || "(empty)";
      const lines = rows.map(({ addr, host, uri, list, note }) =>
        [
          "1.5",
          write(addr),
          "80",
          write(host),
          write(uri),
          list.map((text) => write(text, true)).join(",") || "(empty)",
          write(note),
        ].join("\t")
      );
      for (const [i, length] of dull.entries()) {
        const note = "x".repeat(length);
        lines.splice(i % (lines.length + 1), 0, `1.5\t-\t80\t-\t-\t(empty)\t${note}`);
      }
      const all = [...HEADER, ...lines, "#close\t2026-03-01-00-00-00"];
      const block = encoder.encode(all.join(ending) + ending);
      const wanted = oracle(all, iocs);
      for (const createFinder of [createKernelFinders(), createPlainFinder]) {
        const found = createFinder({ iocs }, TSV).find(block, 0, block.length);
        assert.equal(found.lines, all.length);
        const named = new Set<number>();
        for (let i = 2; i < found.length; i += 3) named.add(found.candidates[i]!);
        for (const index of wanted) assert.ok(named.has(index), all[index]);
      }
    }),
    { numRuns: Number(Deno.env.get("FUZZ_RUNS") ?? 1000) },
  );
});

/** IoCs that look like what stands in most columns, and such that don't, in columns like those. */
const COMMON_IOCS: readonly (readonly [ObservableKind, string])[] = [
  ["domain", "co"],
  ["domain", "a-b"],
  ["domain", "t.co"],
  ["md5", "12345678901234567890123456789012"],
  ["sha1", "1234567890123456789012345678901234567890"],
  ["url", "http://h.example/a,b-c.d"],
  ["url", "foo://123/x"],
  ["ipv6", "::1"],
  ["ipv4", "1.2.3.4"],
  ["cidr", "10.0.0.0/8"],
  ["email", "1@t.co"],
  ["domain", "evil.com"],
];

Deno.test("find() names rows with an IoC among numbers and short words, at any place", () => {
  const ioc = fc.constantFrom(...COMMON_IOCS);
  const dull = fc.oneof(
    fc.constantFrom("-", "T", "F", "", "tcp", "GET", "co", "a-b", "::1", "1.2.3.4", "5.", ".5"),
    fc.nat(1e9).map(String),
    fc.double({ min: 0, max: 1e9, noNaN: true }).map((number) => number.toFixed(6)),
    fc.stringMatching(/^[0-9.]{0,40}$/),
    fc.stringMatching(/^[a-zA-Z0-9-]{0,4}$/),
    fc.constantFrom("CHhAvVGS1DHFjwGM9", "(empty)", "text/html", "10.1.2.3"),
  );
  const value = fc.oneof({ weight: 6, arbitrary: dull }, {
    weight: 1,
    arbitrary: ioc.map(([, text]) => text),
  });
  const columns = fc.array(fc.array(value, { minLength: 1, maxLength: 3 }), {
    minLength: 6,
    maxLength: 6,
  });
  fc.assert(
    fc.property(
      fc.array(ioc, { minLength: 1, maxLength: 4 }),
      fc.array(columns, { minLength: 1, maxLength: 30 }),
      fc.constantFrom("\t", "|", "-", "."),
      fc.constantFrom(",", ";", "-", "."),
      fc.boolean(),
      (list, rows, separator, setSeparator, subdomains) => {
        fc.pre(separator !== setSeparator);
        const iocs = setOf(list, subdomains);
        const hex = (char: string) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
        const all = [
          `#separator ${hex(separator)}`,
          `#set_separator${separator}${setSeparator}`,
          ["#fields", "a", "b", "c", "d", "e", "f"].join(separator),
          // Two columns of numbers, whose texts count all the same where they are none.
          ["#types", "string", "addr", "vector[string]", "set[string]", "double", "string"]
            .join(separator),
          ...rows.map((row) => row.map((values) => values.join(setSeparator)).join(separator)),
        ];
        const format: LineFormat = {
          type: "tsv",
          separator: separator.charCodeAt(0),
          setSeparator: setSeparator.charCodeAt(0),
        };
        const block = encoder.encode(all.join("\n") + "\n");
        const found = createKernelFinders()({ iocs }, format).find(block, 0, block.length);
        const named = new Set<number>();
        for (let i = 2; i < found.length; i += 3) named.add(found.candidates[i]!);
        for (const index of oracle(all, iocs, format)) assert.ok(named.has(index), all[index]);
        assert.equal(found.lines, all.length);
      },
    ),
    { numRuns: Number(Deno.env.get("FUZZ_RUNS") ?? 1000) },
  );
});

Deno.test("find() passes over rows of numbers and short words, but not what stands beside them", () => {
  const iocs = setOf([["domain", "evil.com"], ["ipv4", "192.0.2.1"]], false);
  const finder = createKernelFinders()({ iocs }, TSV);
  for (let shift = 0; shift < 130; shift++) {
    const row = ["9".repeat(shift), "-", "1772323200.281884", "tcp", "evil.com", "SF", "192.0.2.1"];
    const block = encoder.encode(`${row.slice(0, 4).join("\t")}\n${row.join("\t")}\n`);
    const found = finder.find(block, 0, block.length);
    assert.deepEqual([found.lines, found.length, found.candidates[2]], [2, 3, 1]);
  }
});
