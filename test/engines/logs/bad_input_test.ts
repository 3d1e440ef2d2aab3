import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { UsageError } from "../../../src/errors.ts";
import { open } from "../../../src/engines/logs/mod.ts";
import { hunt, type Hunted, iocs, withFolder } from "./hunting.ts";

const SET = iocs(["domain:example.com"]);
const HIT =
  '{"timestamp":"2024-05-14T10:00:00Z","event_type":"dns","dns":{"rrname":"example.com"}}\n';
const MISS =
  '{"timestamp":"2024-05-14T10:00:00Z","event_type":"dns","dns":{"rrname":"example.org"}}\n';

/** Troubles in short, the folder's name taken away. */
function told({ troubles }: Hunted, folder: string): unknown[] {
  return troubles.map(({ source, what, count, line, unread }) => {
    const name = source.replace(folder, "").replace(/^\//, "");
    return [name, what, count, line, unread];
  });
}

/** Hunts in one file with this content. */
async function huntIn(content: string | Uint8Array, name = "eve.json") {
  let result: { lines: (number | undefined)[]; troubles: unknown[] } | undefined;
  await withFolder(async (folder) => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(`${folder}/${name}`, bytes);
    const hunted = await hunt([`${folder}/${name}`], SET);
    const lines = hunted.matches.map((match) => match.where.line);
    result = { lines, troubles: told(hunted, folder) };
  });
  return result!;
}

Deno.test("retro() names a last line that is cut short, and what stands before it counts", async () => {
  assert.deepEqual(await huntIn(HIT + HIT.slice(0, 40)), {
    lines: [1],
    troubles: [["eve.json", "last line is cut short", 1, 2, false]],
  });
});

Deno.test("retro() takes a last line that only lacks its newline", async () => {
  assert.deepEqual(await huntIn(MISS + HIT.trimEnd()), { lines: [2], troubles: [] });
});

Deno.test("retro() counts lines of garbage among events", async () => {
  const garbage = Uint8Array.from(
    { length: 300 },
    (_, i) => i % 10 === 9 ? 10 : (i * 7) % 256 | 0x80,
  );
  const bytes = new Uint8Array([
    ...new TextEncoder().encode(HIT),
    ...garbage,
    ...new TextEncoder().encode("\n" + HIT + "not json\n"),
  ]);
  const { lines, troubles } = await huntIn(bytes);
  assert.deepEqual(lines, [1, 33]);
  assert.deepEqual(troubles, [
    ["eve.json", "lines are not valid UTF-8", 30, 2, false],
    ["eve.json", "lines are not JSON objects", 31, 2, false],
  ]);
});

Deno.test("retro() counts candidates that are no JSON after all", async () => {
  assert.deepEqual(await huntIn('{"a":"example.com",}\n' + HIT), {
    lines: [2],
    troubles: [["eve.json", "lines are not valid JSON", 1, 1, false]],
  });
});

Deno.test("retro() reads invalid UTF-8 with replacements and says so", async () => {
  const line = new TextEncoder().encode(HIT.replace('"dns",', '"dns","x":"@",'));
  line[line.indexOf(0x40)] = 0xff;
  const { lines, troubles } = await huntIn(line);
  assert.deepEqual(lines, [1]);
  assert.deepEqual(troubles, [["eve.json", "lines are not valid UTF-8", 1, 1, false]]);
});

Deno.test("retro() skips a line of 50 MB, wherever it stands", async () => {
  const long = `{"timestamp":"2024-05-14T10:00:00Z","x":"${"y".repeat(50 << 20)}"}\n`;
  const skipped = (
    line: number,
  ) => ["eve.json", "lines longer than 16 MiB were skipped", 1, line, true];
  assert.deepEqual(await huntIn(HIT + long + HIT), { lines: [1, 3], troubles: [skipped(2)] });
  assert.deepEqual(await huntIn(long + HIT), { lines: [2], troubles: [skipped(1)] });
  assert.deepEqual(await huntIn(HIT + long.trimEnd()), { lines: [1], troubles: [skipped(2)] });
});

Deno.test("retro() survives JSON that is nested without end", async () => {
  const deep = `{"timestamp":"2024-05-14T10:00:00Z","q":"example.com","x":${"[".repeat(200_000)}${
    "]".repeat(200_000)
  }}\n`;
  const { lines } = await huntIn(deep + HIT);
  assert.equal(lines.at(-1), 2);
});

Deno.test("retro() reads what there is of a gzip stream that is cut short", async () => {
  const packed = gzipSync(HIT + MISS.repeat(50_000));
  const cut = packed.subarray(0, packed.length - 100);
  const { lines, troubles } = await huntIn(cut, "eve.json.gz");
  assert.deepEqual(lines, [1]);
  assert.deepEqual(troubles.at(-1), ["eve.json.gz", "gzip stream ends early", 1, undefined, true]);
});

Deno.test("retro() reads every member of a gzip file, told by content", async () => {
  const packed = new Uint8Array([...gzipSync(HIT), ...gzipSync(HIT)]);
  assert.deepEqual(await huntIn(packed, "eve.json"), { lines: [1, 2], troubles: [] });
});

Deno.test("retro() names a file that it was given and that is no log", async () => {
  const elf = new Uint8Array(2000).fill(0);
  elf.set([0x7f, 0x45, 0x4c, 0x46]);
  const { troubles } = await huntIn(elf, "program");
  assert.deepEqual(troubles, [["program", "not a log: an executable", 1, undefined, true]]);
  const tar = new Uint8Array(2048);
  tar.set(new TextEncoder().encode("ustar"), 257);
  assert.match(String((await huntIn(tar, "logs.tar")).troubles[0]), /a tar archive.*tar -xOf/);
  const noise = await huntIn(new Uint8Array(2000), "zeros");
  assert.deepEqual(noise.troubles, [["zeros", "not a log: binary data", 1, undefined, true]]);
});

Deno.test("retro() passes over what is no log in a folder, and names folders without logs", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/a`);
    await Deno.writeTextFile(`${folder}/a/eve.json`, HIT);
    await Deno.writeTextFile(`${folder}/a/stats.log`, "Date: 5/14/2024\n");
    await Deno.writeFile(`${folder}/a/log.pcap`, new Uint8Array([0xd4, 0xc3, 0xb2, 0xa1, 2, 0]));
    assert.deepEqual(told(await hunt([`${folder}/a`], SET), folder), []);
    await Deno.mkdir(`${folder}/b`);
    await Deno.writeTextFile(`${folder}/b/stats.log`, "Date: 5/14/2024\n");
    assert.deepEqual(told(await hunt([`${folder}/a`, `${folder}/b`], SET), folder), [
      ["b", "no logs here", 1, undefined, true],
    ]);
  }));

Deno.test("retro() names what may hide events in a folder, with what to do", () =>
  withFolder(async (folder) => {
    const event = HIT.trim();
    const files: [string, string | Uint8Array, RegExp | undefined][] = [
      ["a.json", `[${event},${event}]\n`, /JSON array.*jq -c '\.\[\]'/],
      ["a2.json", `[\n${event},\n${event}\n]\n`, /JSON array/],
      ["b.json", JSON.stringify(JSON.parse(event), null, 2), /several lines.*jq -c \./],
      ["c.log", `Jan  1 00:00:00 host suricata: ${event}\n`, /after other text.*sed/],
      ["d.json.1", new Uint8Array(2000), /binary data/],
      ["e.json.xz", new Uint8Array([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 1]), /xz -dc/],
      ["lastlog", new Uint8Array(2000), undefined],
      ["package.json", '{\n  "name": "x"\n}\n', undefined],
      ["z.json", HIT, undefined],
    ];
    for (const [name, content] of files) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(`${folder}/${name}`, bytes);
    }
    const hunted = await hunt([folder], SET);
    assert.equal(hunted.matches.length, 1);
    const named = files.filter(([, , what]) => what !== undefined);
    const troubles = told(hunted, folder) as unknown[][];
    assert.deepEqual(troubles.map(([name]) => name), named.map(([name]) => name));
    for (const [index, [, what, , , unread]] of troubles.entries()) {
      assert.match(String(what), named[index]![2]!);
      assert.equal(unread, true);
    }
  }));

Deno.test("retro() takes a log whose only line is cut short, and no text without events", async () => {
  const cut = await huntIn('{"timestamp":"2024-05-14T10:00', "eve.json");
  assert.deepEqual(cut.troubles, [["eve.json", "last line is cut short", 1, 1, false]]);
  const text = await huntIn("root:x:0:0\n", "passwd");
  assert.deepEqual(text.troubles, [[
    "passwd",
    "not a log: text of another kind",
    1,
    undefined,
    true,
  ]]);
});

Deno.test("retro() reads once what several paths lead to, and no path is without logs", () =>
  withFolder(async (folder) => {
    const log = `${folder}/eve.json`;
    await Deno.writeTextFile(log, HIT);
    const hunted = await hunt([log, folder, `${folder}/*.json`], SET);
    assert.equal(hunted.matches.length, 1);
    assert.deepEqual(told(hunted, folder), []);
  }));

Deno.test("retro() names empty files", () =>
  withFolder(async (folder) => {
    for (const name of ["eve.json", "b.json"]) await Deno.writeTextFile(`${folder}/${name}`, "");
    assert.deepEqual(told(await hunt([`${folder}/eve.json`], SET), folder), [
      ["eve.json", "file is empty", 1, undefined, false],
    ]);
    assert.deepEqual(told(await hunt([folder], SET), folder), [
      ["b.json", "file is empty", 1, undefined, false],
      ["eve.json", "file is empty", 1, undefined, false],
    ]);
  }));

Deno.test({
  name: "retro() names files that it may not read and goes on",
  ignore: Deno.uid() === 0,
  fn: () =>
    withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/a.json`, HIT, { mode: 0 });
      await Deno.writeTextFile(`${folder}/b.json`, HIT);
      const hunted = await hunt([folder], SET);
      assert.equal(hunted.matches.length, 1);
      assert.deepEqual(told(hunted, folder), [["a.json", "permission denied", 1, undefined, true]]);
    }),
});

Deno.test("open() refuses paths that are not there before anything is read", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/eve.json`, HIT);
    for (const path of [`${folder}/missing`, `${folder}/*.gz`, `${folder}/eve.json/x`]) {
      await assert.rejects(open({ paths: [`${folder}/eve.json`, path] }), (error) => {
        assert.ok(error instanceof UsageError);
        assert.match(
          error.message,
          path.includes("*") ? /^No file matches/ : /^There is no such file/,
        );
        assert.ok(error.hint !== undefined);
        return true;
      });
    }
  }));

Deno.test("retro() counts rows that don't fit their header", async () => {
  const log = "#separator \\x09\n#path\tdns\n#fields\tts\tquery\n#types\ttime\tstring\n";
  assert.deepEqual(await huntIn(`${log}1.5\texample.com\n1.5\texample.com\tmore\n1.`, "dns.log"), {
    lines: [5],
    troubles: [[
      "dns.log",
      "rows don't have the fields that their #fields line names",
      2,
      6,
      false,
    ]],
  });
});

Deno.test("retro() stops at once when told to", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/eve.json`, HIT.repeat(50_000));
    const engine = await open({ paths: [folder] });
    const stop = new AbortController();
    const matches = engine.retro({ indicators: SET, maxEvents: 0 }, {}, stop.signal);
    let seen = 0;
    await assert.rejects(async () => {
      for await (const batch of matches) {
        seen += batch.length;
        stop.abort();
      }
    }, { name: "AbortError" });
    assert.ok(seen < 50_000, `${seen} matches`);
  }));
