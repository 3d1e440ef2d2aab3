import assert from "node:assert/strict";
import { createLogScan } from "../../../../src/engines/logs/scan/scan.ts";
import type { ScanFile } from "../../../../src/engines/logs/scan/finder.ts";
import { openByteStream } from "../../../../src/engines/logs/read/byte_stream.ts";
import { createIocSet } from "../../../../src/match/ioc_set.ts";

const never = new AbortController().signal;

/** The lines that a scan of a log with so many others names. */
async function named(others: number, format: ScanFile["format"], hit: string): Promise<string[]> {
  const path = await Deno.makeTempFile();
  try {
    const filler = format.type === "tsv" ? "a\tb.example\tc\n" : '{"a":"b.example","n":1}\n';
    const text = hit + filler.repeat(others) + hit;
    await Deno.writeTextFile(path, text);
    const iocs = createIocSet();
    iocs.add({ kind: "domain", value: "evil.example" }, 1);
    const scans = createLogScan({ open: (file, signal) => openByteStream(file.path, signal) });
    const file: ScanFile = { path, format, compression: "none", size: text.length };
    const lines: string[] = [];
    await scans.prepare([file]);
    for await (const { candidates } of scans.scan([file], { iocs, sweep: undefined }, never)) {
      for (const { line, bytes } of candidates) {
        lines.push(`${line} ${new TextDecoder().decode(bytes)}`);
      }
    }
    await scans.close();
    return lines;
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("createLogScan() names the same lines with and without the kernel", async () => {
  const json = { type: "json" } as const;
  const tsv = { type: "tsv", separator: 9, setSeparator: 0x2c } as const;
  const hits = [
    [json, '{"q":"evil.example"}\n'],
    [json, '{"q":"EVIL.example.","x":"\\u00e4"}\n'],
    [tsv, "1\tx,evil.example\t-\n"],
  ] as const;
  for (const [format, hit] of hits) {
    // The first is below what is worth the kernel, the second above.
    for (const others of [5, 1000]) {
      const lines = await named(others, format, hit);
      assert.deepEqual(lines, [`1 ${hit.trimEnd()}`, `${others + 2} ${hit.trimEnd()}`]);
    }
  }
});
