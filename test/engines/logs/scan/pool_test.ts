import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { createEventReader } from "../../../../src/engines/logs/events/event_reader.ts";
import { openByteStream } from "../../../../src/engines/logs/read/byte_stream.ts";
import type { LineFormat, ScanChunk, ScanFile } from "../../../../src/engines/logs/scan/finder.ts";
import { createInlineScan } from "../../../../src/engines/logs/scan/inline.ts";
import {
  createHunters,
  createKernelFinders,
} from "../../../../src/engines/logs/scan/kernel_finder.ts";
import { createPoolScan } from "../../../../src/engines/logs/scan/pool.ts";
import { sniff } from "../../../../src/engines/logs/sources/sniff.ts";
import type { IocSet } from "../../../../src/match/set.ts";
import { createSweep } from "../../../../src/match/sweep.ts";
import { setOf } from "./events.ts";

const JSON_LINES: LineFormat = { type: "json" };
const TSV: LineFormat = { type: "tsv", separator: 9, setSeparator: 44 };
const never = new AbortController().signal;

function partsFor() {
  const hunters = createHunters();
  return {
    hunters,
    createFinder: createKernelFinders(hunters),
    open: (file: ScanFile, signal: AbortSignal) => openByteStream(file.path, signal, file),
    limits: { blockBytes: 256, maxLineBytes: 2048 },
  };
}

/** Everything that a scan said, chunk borders aside. */
async function outcome(chunks: AsyncIterable<ScanChunk>) {
  const lines: string[] = [];
  const totals: { lines: number; bytes: number; ends: number; troubles: string[] }[] = [];
  for await (const { file, candidates, bytes, ...chunk } of chunks) {
    const total = totals[file] ??= { lines: 0, bytes: 0, ends: 0, troubles: [] };
    assert.equal(total.ends, 0, "no chunk follows the end of a file");
    for (const { line, bytes, valueless, offset, open } of candidates) {
      const mark = `${valueless ? "swept" : ""}:${offset}${open ? " open" : ""}`;
      lines.push(`${file}:${line}:${mark}:${new TextDecoder().decode(bytes)}`);
    }
    total.lines += chunk.lines;
    total.bytes += bytes;
    total.ends += chunk.end ? 1 : 0;
    for (const { what, count } of chunk.troubles) {
      for (let i = 0; i < count; i++) total.troubles.push(what);
    }
  }
  return { lines, totals };
}

async function compare(
  files: readonly ScanFile[],
  iocs: IocSet,
  rangeBytes: number,
  patterns: readonly string[] = [],
  { threads = 3, prepare = false } = {},
) {
  const parts = partsFor();
  const sweep = patterns.length === 0
    ? undefined
    : { version: 1, patterns: () => patterns, ...createSweep(patterns) };
  const needles = { iocs, sweep };
  const inline = await outcome(createInlineScan(parts)(files, needles, never));
  const pool = createPoolScan({ ...parts, threads, rangeBytes });
  if (prepare) pool.prepare(files);
  assert.deepEqual(await outcome(pool(files, needles, never)), inline);
  return inline;
}

async function write(
  path: string,
  text: string,
  format: LineFormat,
  compression: "none" | "gzip" = "none",
): Promise<ScanFile> {
  const plain = new TextEncoder().encode(text);
  const bytes = compression === "gzip" ? gzipSync(plain) : plain;
  await Deno.writeFile(path, bytes);
  return { path, compression, format, size: bytes.length };
}

Deno.test("the pool yields what one thread does, in its order", async () => {
  const dir = await Deno.makeTempDir();
  const iocs = setOf([["domain", "evil.com"], ["ipv4", "192.0.2.1"]], false);
  const line = fc.constantFrom(
    '{"a":"evil.com"}',
    '{"a":"good.com"}',
    '{"long":"' + "x".repeat(700) + '","ip":"192.0.2.1"}',
    '{"huge":"' + "y".repeat(3000) + '","ip":"192.0.2.1"}',
    "garbage",
    "",
    '{"ü":"evil.com"}\r',
  );
  const file = fc.tuple(fc.array(line, { maxLength: 30 }), fc.boolean(), fc.nat(29));
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(file, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 50, max: 1500 }),
      async (contents, rangeBytes) => {
        const files: ScanFile[] = [];
        for (const [i, [lines, open, begin]] of contents.entries()) {
          const text = lines.join("\n") + (open ? "" : "\n");
          const packing = i === 1 ? "gzip" : "none";
          const written = await write(`${dir}/${run}-${i}.json`, text, JSON_LINES, packing);
          // Plain files may be read from the start of a line on.
          const skipped = lines.slice(0, begin).map((line) => `${line}\n`).join("");
          const from = new TextEncoder().encode(skipped).length;
          const isPart = packing === "none" && from > 0 && begin < lines.length;
          files.push(isPart ? { ...written, from } : written);
        }
        run++;
        const { lines } = await compare(files, iocs, rangeBytes);
        for (const named of lines) {
          const [, index, , , offset, text] = /^(\d+):(\d+):(\w*):(\d+)[^:]*:(.*)$/s.exec(named)!;
          const { path, from = 0, compression } = files[Number(index)]!;
          assert(Number(offset) >= from);
          if (compression !== "none") continue;
          const bytes = Deno.readFileSync(path).subarray(Number(offset));
          assert(new TextDecoder().decode(bytes).startsWith(text!));
        }
      },
    ),
    { numRuns: 25 },
  );
  await Deno.remove(dir, { recursive: true });
});

Deno.test("the pool reads packed files in one thread and looks them through in another", async () => {
  const dir = await Deno.makeTempDir();
  const iocs = setOf([["domain", "evil.com"]], false);
  const header = (separator: string) =>
    `#separator \\x${
      separator.charCodeAt(0).toString(16).padStart(2, "0")
    }\n#fields${separator}query`;
  const line = fc.constantFrom(
    "evil.com",
    "good.com",
    "",
    "z".repeat(3000) + ",evil.com",
    `1\tevil.com`,
    header("\t"),
    header("|"),
  );
  const text = fc.array(line, { maxLength: 40 }).map((lines) => lines.join("\n"));
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(text, fc.constantFrom("whole", "cut", "followed", "plain", "gone")), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.integer({ min: 2, max: 5 }),
      fc.boolean(),
      fc.boolean(),
      async (contents, threads, prepare, sweeping) => {
        const files: ScanFile[] = [];
        for (const [i, [text, state]] of contents.entries()) {
          const path = `${dir}/${run}-${i}.log`;
          const file = await write(path, text, TSV, state === "plain" ? "none" : "gzip");
          const bytes = await Deno.readFile(path);
          if (state === "cut") await Deno.writeFile(path, bytes.subarray(0, bytes.length - 9));
          if (state === "followed") await Deno.writeFile(path, bytes, { append: true });
          if (state === "gone") await Deno.remove(path);
          files.push({ ...file, path });
        }
        run++;
        const patterns = sweeping ? ["[network-traffic:dst_port = 7]"] : [];
        await compare(files, iocs, 500, patterns, { threads, prepare });
      },
    ),
    { numRuns: 25 },
  );
  await Deno.remove(dir, { recursive: true });
});

Deno.test("the pool names the lines that patterns without values may need", async () => {
  const dir = await Deno.makeTempDir();
  const iocs = setOf([["ipv4", "192.0.2.1"]], false);
  const event = (n: number) =>
    n % 31 === 0
      ? '{"dest_port":7,rubbish}'
      : JSON.stringify({ src_ip: `192.0.2.${n % 50}`, dest_port: n % 9, n });
  const text = Array.from({ length: 400 }, (_, n) => event(n)).join("\n") + "\n";
  const rows = Array.from({ length: 50 }, (_, n) => `192.0.2.${n}\t${n}`);
  const tsv = ["#separator \\x09", "#fields\tid.orig_h\tid.resp_p", ...rows].join("\n");
  const files = [
    await write(`${dir}/eve.json`, text, JSON_LINES),
    await write(`${dir}/eve.json.gz`, text, JSON_LINES, "gzip"),
    await write(`${dir}/conn.log`, tsv, TSV),
  ];
  const patterns = ["[network-traffic:dst_port = 7]", "[url:value LIKE '%/never/%']"];
  const { lines } = await compare(files, iocs, 500, patterns);
  const ours = lines.filter((line) => line.startsWith("0:"));
  const wanted = Array.from({ length: 400 }, (_, n) => n)
    .filter((n) => n % 31 === 0 || n % 9 === 7 || n % 50 === 1);
  assert.deepEqual(ours.map((line) => Number(line.split(":")[1]) - 1), wanted);
  assert.deepEqual(
    ours.filter((line) => line.includes(":swept:")).length,
    wanted.filter((n) => n % 31 === 0 || n % 50 !== 1).length,
  );
  // The two lines of the header, the address, port 7, and the last, which is open.
  const numbers = lines.filter((line) => line.startsWith("2:")).map((line) => line.split(":")[1]);
  assert.deepEqual(numbers, ["1", "2", "4", "10", "52"]);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("the pool finds what patterns without values need in TSV, whatever headers say", async () => {
  const dir = await Deno.makeTempDir();
  const iocs = setOf([["ipv4", "192.0.2.1"]], false);
  const line = fc.oneof(
    {
      weight: 9,
      arbitrary: fc.tuple(fc.nat(60), fc.constantFrom(7, 8)).map(([n, p]) => `192.0.2.${n}\t${p}`),
    },
    fc.constantFrom(
      "#fields\tid.resp_p\tid.orig_h",
      "#fields\tid.orig_h\tid.resp_p",
      "#fields\tid.orig_h\tnote",
    ),
    fc.constantFrom(
      "#separator \\x09",
      "#separator \\x7c",
      "#separator x",
      "#set_separator\t;",
      "#fields\tid.orig_h\tnote\tid.resp_p",
      "#fields|id.orig_h|id.resp_p",
      "#types\taddr\tport",
      "#types\tstring\tstring",
      "#path\tconn",
      "#close\t2026-03-01-00-00-00",
      "192.0.2.3|7",
      "rubbish",
      "",
      "a\tb\tc\td",
      "192.0.2.9\t7\r",
    ),
  );
  let run = 0, swept = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { minLength: 10, maxLength: 60, size: "max" }),
      fc.boolean(),
      fc.constantFrom("none" as const, "gzip" as const),
      async (lines, regular, compression) => {
        const head = ["#separator \\x09", "#fields\tid.orig_h\tid.resp_p", "#types\taddr\tport"];
        const text = (regular ? [...head, ...lines] : lines).join("\n");
        const path = `${dir}/${run++}.log`;
        const file = await write(path, text, TSV, compression);
        const sniffed = sniff(new TextEncoder().encode(text), true);
        const told = sniffed.type === "log" && sniffed.kind === "zeek-tsv" ? sniffed : undefined;
        const { format = TSV, header } = told ?? {};
        const files = [{ ...file, format, ...header && { header } }];
        const patterns = ["[network-traffic:dst_port = 7]"];
        const { lines: named } = await compare(files, iocs, 100, patterns);
        if (told === undefined || format.type !== "tsv") return;
        // No row is missed that holds the port, by the header that it has.
        const reader = createEventReader(format);
        for (const [i, row] of text.split("\n").entries()) {
          if (/^[ \t\r]*$/.test(row)) continue;
          const read = reader.read(new TextEncoder().encode(row));
          const event = read.type === "event" ? read.parse() : undefined;
          const port = event?.value["id.resp_p"];
          const wanted = read.type !== "event" || event === undefined || port === 7 || port === "7";
          if (port === 7) swept++;
          if (wanted) assert.ok(named.some((it) => it.startsWith(`0:${i + 1}:`)), row);
        }
      },
    ),
    { numRuns: 20 },
  );
  assert.ok(swept > 0);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("the pool follows headers that change the format between ranges", async () => {
  const dir = await Deno.makeTempDir();
  const row = (name: string, separator: string) => ["1.0", "C1", name].join(separator);
  const text = [
    "#separator \\x09",
    "#fields\tts\tuid\tquery",
    ...Array.from({ length: 40 }, (_, i) => row(i % 7 === 0 ? "evil.com" : "good.com", "\t")),
    "#separator \\x7c",
    "#fields|ts|uid|query",
    ...Array.from({ length: 40 }, (_, i) => row(i % 7 === 0 ? "evil.com" : "good.com", "|")),
  ].join("\n") + "\n";
  const iocs = setOf([["domain", "evil.com"]], false);
  const { lines } = await compare([await write(`${dir}/dns.log`, text, TSV)], iocs, 100);
  assert.equal(lines.filter((line) => line.includes("evil.com")).length, 12);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("the pool names files that can't be read and goes on", async () => {
  const dir = await Deno.makeTempDir();
  const iocs = setOf([["domain", "evil.com"]], false);
  const gone: ScanFile = {
    path: `${dir}/gone.json`,
    compression: "none",
    format: JSON_LINES,
    size: 900,
  };
  const there = await write(`${dir}/there.json`, '{"a":"evil.com"}\n'.repeat(50), JSON_LINES);
  const parts = partsFor();
  const pool = createPoolScan({ ...parts, threads: 2, rangeBytes: 300 });
  const { lines, totals } = await outcome(pool([gone, there], { iocs }, never));
  assert.equal(lines.length, 50);
  assert.deepEqual(new Set(totals[0]!.troubles), new Set(["file is gone"]));
  await Deno.remove(dir, { recursive: true });
});

Deno.test("the pool stops when its consumer does, and when the signal aborts", async () => {
  const dir = await Deno.makeTempDir();
  const iocs = setOf([["domain", "evil.com"]], false);
  const file = await write(`${dir}/a.json`, '{"a":"evil.com"}\n'.repeat(5000), JSON_LINES);
  const pool = createPoolScan({ ...partsFor(), threads: 3, rangeBytes: 500 });
  const packed = await write(`${dir}/a.gz`, '{"a":"evil.com"}\n'.repeat(5000), JSON_LINES, "gzip");
  for (const files of [[file], [packed], [packed, packed]]) {
    const controller = new AbortController();
    await assert.rejects(async () => {
      for await (const _ of pool(files, { iocs }, controller.signal)) {
        controller.abort(new Error("enough"));
      }
    }, /enough/);
    for await (const { candidates } of pool(files, { iocs }, never)) {
      if (candidates.length > 0) break;
    }
  }
  await Deno.remove(dir, { recursive: true });
});
