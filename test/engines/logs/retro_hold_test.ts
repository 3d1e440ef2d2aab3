import assert from "node:assert/strict";
import type { Match } from "../../../src/engines/engine.ts";
import { huntInFiles } from "../../../src/engines/logs/retro.ts";
import type { Scan, ScanChunk } from "../../../src/engines/logs/scan/finder.ts";
import type { LogFile } from "../../../src/engines/logs/sources/log_files.ts";
import { iocs } from "./hunting.ts";

const HIT = '{"event_type":"dns","dns":{"rrname":"evil.example"}}';

/** A chunk with one hit. */
function chunk(line: number): ScanChunk {
  const candidates = [{ line, bytes: new TextEncoder().encode(HIT), offset: 0 }];
  return { file: 0, bytes: HIT.length, lines: 1, candidates, troubles: [], end: false };
}

function file(also: Partial<LogFile>): LogFile {
  return {
    path: "eve.json",
    identity: "1:1",
    compression: "none",
    format: { type: "json" },
    ...also,
  } as LogFile;
}

function hunt(scan: Scan, log: LogFile): AsyncGenerator<readonly Match[]> {
  const query = { indicators: iocs(["domain:evil.example"]), maxEvents: 0 };
  const parts = { query, hooks: {}, scan, onMoved: () => {} };
  return huntInFiles([log], parts, new AbortController().signal);
}

Deno.test("huntInFiles() hands on what it held back when the scan is interrupted", async () => {
  const interrupted = new DOMException("stopped", "AbortError");
  const lines: (number | undefined)[] = [];
  await assert.rejects(async () => {
    const scan: Scan = async function* () {
      yield chunk(1);
      yield chunk(2);
      throw interrupted;
    };
    for await (const batch of hunt(scan, file({ size: 1000 }))) {
      lines.push(...batch.map(({ where }) => where.line));
    }
  }, interrupted);
  assert.deepEqual(lines, [1, 2]);
});

Deno.test("huntInFiles() holds nothing back that came through a pipe", async () => {
  let asked = 0;
  const scan: Scan = async function* () {
    for (const line of [1, 2]) {
      asked++;
      yield chunk(line);
    }
  };
  const batches = hunt(scan, file({ once: true }));
  const first = await batches.next();
  assert.equal(first.done, false);
  assert.equal(asked, 1);
  await batches.return(undefined);
});

Deno.test("huntInFiles() hands matches of several chunks on together", async () => {
  const scan: Scan = async function* () {
    for (let line = 1; line <= 2500; line++) yield chunk(line);
  };
  let count = 0;
  for await (const batch of hunt(scan, file({ size: 1e6 }))) {
    count += batch.length;
    assert.ok(batch.length <= 1000);
  }
  assert.equal(count, 2500);
});
