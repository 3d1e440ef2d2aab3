import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { hunt, iocs, withFolder } from "./hunting.ts";

/**
 * Hits on real logs against the count of a script that shares nothing with
 * bridge (`count_hits.py`): ten values of each kind that the logs hold.
 */
const SCRIPT = new URL("./count_hits.py", import.meta.url).pathname;
const FIXTURES = new URL("../../fixtures/logs", import.meta.url).pathname;

async function sharedData(): Promise<string | undefined> {
  const root = new URL("../../../../shared/data", import.meta.url).pathname;
  const folder = Deno.env.get("BRIDGE_SHARED_DATA") ?? root;
  return await Deno.stat(folder).then(() => folder, () => undefined);
}

/** Lines `kind<TAB>value<TAB>events`. */
async function count(log: string): Promise<string[]> {
  const command = new Deno.Command("python3", { args: [SCRIPT, "10", log] });
  const { success, stdout, stderr } = await command.output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trimEnd().split("\n");
}

const idOf = (line: string) => line.split("\t").slice(0, 2).join(":");

/** Compares counts on a log, plain and gzipped. */
async function compare(log: string): Promise<void> {
  const expected = await count(log);
  const set = iocs(expected.map(idOf));
  const raw = await Deno.readFile(log);
  const plain = log.endsWith(".gz")
    ? new Uint8Array(
      await new Response(
        new Blob([raw]).stream().pipeThrough(new DecompressionStream("gzip")),
      ).arrayBuffer(),
    )
    : raw;
  await withFolder(async (folder) => {
    await Deno.writeFile(`${folder}/plain.log`, plain);
    await Deno.writeFile(`${folder}/packed.log.gz`, gzipSync(plain));
    for (const name of ["plain.log", "packed.log.gz"]) {
      const { matches, troubles } = await hunt([`${folder}/${name}`], set);
      assert.deepEqual(troubles, []);
      const found = expected.map((line) => {
        const events = matches.filter((match) => match.indicator.id === idOf(line)).length;
        return line.replace(/\d+$/, `${events}`);
      });
      assert.deepEqual(found, expected, `${log} as ${name}`);
    }
  });
}

Deno.test("retro() finds as many hits as an independent script in the sample logs", async () => {
  for (const name of ["suricata/eve.json", "zeek/dns.log", "zeek/conn.log", "zeek-json/dns.log"]) {
    await compare(`${FIXTURES}/${name}`);
  }
});

const SHARED = await sharedData();
Deno.test({
  name: "retro() finds as many hits as an independent script in real logs" +
    (SHARED === undefined ? " (skipped: ../shared/data is not here)" : ""),
  ignore: SHARED === undefined,
  async fn() {
    for (
      const name of [
        "suricata/eve.json",
        "zeek/conn.log.gz",
        "zeek/dns.log.gz",
        "zeek/http.log.gz",
        "zeek-json/conn.log.json.gz",
        "zeek-json/dns.log.json.gz",
        "zeek-json/files.log.json.gz",
        "zeek-json/zeek.json",
      ]
    ) await compare(`${SHARED}/${name}`);
  },
});
