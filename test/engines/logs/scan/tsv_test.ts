import assert from "node:assert/strict";
import fc from "fast-check";
import { createEventReader } from "../../../../src/engines/logs/events/event_reader.ts";
import { createKernelFinders } from "../../../../src/engines/logs/scan/kernel_finder.ts";
import { createPlainFinder } from "../../../../src/engines/logs/scan/plain_finder.ts";
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

function oracle(lines: readonly string[], iocs: IocSet): number[] {
  const reader = createEventReader(TSV);
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
