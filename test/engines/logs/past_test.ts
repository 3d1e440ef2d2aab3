import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { Extents } from "../../../src/engines/engine.ts";
import { open } from "../../../src/engines/logs/mod.ts";
import { iocs, withFolder } from "./hunting.ts";

const line = (number: number) =>
  JSON.stringify({
    timestamp: "2024-05-14T10:00:00.000000+0000",
    flow_id: number,
    event_type: "dns",
    dns: { type: "query", rrname: "example.com", note: "x".repeat(300) },
  }) + "\n";

const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => line(from + n)).join("");

/** Hunts beyond what was searched; gives the numbers and lines of events, what was read, and the new extents. */
async function huntOn(folder: string, searched?: Extents) {
  const engine = await open({ paths: [folder] });
  const found: number[] = [], at: (number | undefined)[] = [];
  let extents: Extents = [], bytes = 0;
  const query = {
    indicators: iocs(["domain:example.com"]),
    maxEvents: 0,
    ...(searched && { searched }),
  };
  const hooks = {
    searched: (now: Extents) => extents = now,
    progress: ({ bytesRead }: { bytesRead: number }) => bytes = bytesRead,
  };
  for await (const batch of engine.retro(query, hooks, new AbortController().signal)) {
    found.push(...batch.map(({ event }) => event.value["flow_id"] as number));
    at.push(...batch.map(({ where }) => where.line));
  }
  await engine.close();
  // What can't be stored can't be used after a restart.
  return { found, at, bytes, extents: JSON.parse(JSON.stringify(extents)) as Extents };
}

Deno.test("retro() reads no further than it must of logs that were searched before", () =>
  withFolder(async (folder) => {
    const log = `${folder}/eve.json`;
    Deno.writeTextFileSync(log, lines(1, 20));
    Deno.writeTextFileSync(`${folder}/old.json`, lines(21, 30));
    const first = await huntOn(folder);
    assert.equal(first.found.length, 30);
    const none = await huntOn(folder, first.extents);
    assert.deepEqual([none.found, none.bytes], [[], 0]);
    // A line under way is searched when it is whole, the file under its new name.
    Deno.writeTextFileSync(log, line(31) + line(32).slice(0, 40), { append: true });
    Deno.renameSync(log, `${log}.1`);
    const second = await huntOn(folder, none.extents);
    assert.deepEqual(second.found, [31]);
    Deno.writeTextFileSync(`${log}.1`, line(32).slice(40), { append: true });
    Deno.writeTextFileSync(log, line(33));
    const third = await huntOn(folder, second.extents);
    assert.deepEqual(third.found, [32, 33]);
    assert.equal(third.bytes, line(32).length + line(33).length);
    // Packed, it is known by what is in it.
    Deno.writeFileSync(`${log}.1.gz`, gzipSync(Deno.readFileSync(`${log}.1`)));
    Deno.removeSync(`${log}.1`);
    assert.deepEqual((await huntOn(folder, third.extents)).found, []);
  }));

Deno.test("retro() does not take a log for another that had its inode or its name", () =>
  withFolder(async (folder) => {
    const log = `${folder}/eve.json`;
    Deno.writeTextFileSync(log, lines(1, 3));
    const { extents } = await huntOn(folder);
    // As if the inode were another log's.
    const { dev, ino } = Deno.statSync(log);
    const reused = [{ ...extents[0]!, fingerprint: "0".repeat(32) }];
    assert.equal(reused[0]!.identity, `${dev}:${ino}`);
    assert.deepEqual((await huntOn(folder, reused)).found, [1, 2, 3]);
    // Emptied and written anew, longer than before.
    Deno.writeTextFileSync(log, lines(4, 9));
    assert.deepEqual((await huntOn(folder, extents)).found, [4, 5, 6, 7, 8, 9]);
  }));

Deno.test("retro() searches damaged files again, and Zeek rows with the header before them", () =>
  withFolder(async (folder) => {
    const packed = gzipSync(lines(1, 50));
    Deno.writeFileSync(`${folder}/eve.json.1.gz`, packed.subarray(0, packed.length - 20));
    const zeek = `${folder}/dns.log`;
    Deno.writeTextFileSync(
      zeek,
      "#separator \\x09\n#path\tdns\n#fields\tts\tquery\tflow_id\n#types\ttime\tstring\tcount\n" +
        "1.0\texample.com\t51\n",
    );
    const { found, extents } = await huntOn(folder);
    assert(found.includes(51));
    Deno.writeFileSync(`${folder}/eve.json.1.gz`, packed);
    Deno.writeTextFileSync(zeek, "2.0\texample.com\t52\n", { append: true });
    const { found: again } = await huntOn(folder, extents);
    assert.deepEqual(again.filter((n) => n > 50), [52]);
    assert.deepEqual(again.filter((n) => n <= 50), Array.from({ length: 50 }, (_, n) => n + 1));
  }));
