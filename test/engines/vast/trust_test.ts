import assert from "node:assert/strict";
import { flushLog, setLog } from "../../../src/log.ts";
import { cutEvents } from "../../recorded_node/mod.ts";
import { hunt, truth, withEngine } from "./hunting.ts";

/** More texts than plain forms take, and some that are there, where only named fields hold them. */
const SNI = "tls.example.org";
const SEEN = ["72.247.178.26", "lvb.avg.com", SNI, "70041821acf87389e40ddcb092004184"];
const TEXTS = [...Array.from({ length: 150 }, (_, i) => `host${i}.example`), ...SEEN];
const want = truth(cutEvents(), SEEN);

/** Queries with lists of texts on fields by name. */
const isNamed = (query: string) => / \|\| (zeek|suricata)\.[\w.]+ in \[/.test(query);

/** Runs with the warnings that are logged meanwhile. */
async function withWarnings(body: (warnings: string[]) => Promise<void>): Promise<void> {
  const warnings: string[] = [];
  setLog({
    levels: new Set(["warning"]),
    write: ({ message }) => warnings.push(message.join("")),
  });
  try {
    await body(warnings);
  } finally {
    setLog(undefined);
  }
}

Deno.test("retro() checks forms that were not recorded by values that the node holds", async () => {
  await withWarnings((warnings) =>
    withEngine(async (engine, { node }) => {
      assert.deepEqual((await hunt(engine, TEXTS)).rows, want);
      assert.equal(node.queries.some(isNamed), true);
      const checks = node.queries.filter((query) => query.includes("bridge.invalid"));
      assert.deepEqual(checks.map((query) => query.split(" in ")[0]).sort(), [
        "file.hash.md5",
        "zeek.http.host",
      ]);
      assert.deepEqual((await hunt(engine, TEXTS)).rows, want);
      const again = node.queries.filter((query) => query.includes("bridge.invalid"));
      assert.equal(again.length, 2);
      await flushLog();
      assert.deepEqual(warnings, []);
    })
  );
});

for (
  const [what, fault, warning] of [
    ["refuses", { stderr: "!! parse_error\n", exit: 1 }, /refuses lists of texts on fields/],
    ["answers nothing to", { rows: 0 }, /finds nothing by zeek\.http\.host in/],
  ] as const
) {
  Deno.test(`retro() falls back to recorded forms on a node that ${what} named fields`, async () => {
    const when = (query: string) => isNamed(query) || query.startsWith("zeek.http.host in");
    await withWarnings((warnings) =>
      withEngine(async (engine, { node }) => {
        node.fail({ when: what === "refuses" ? isNamed : when, ...fault });
        const { rows, troubles } = await hunt(engine, TEXTS);
        assert.deepEqual(rows, want);
        assert.deepEqual(troubles, []);
        await flushLog();
        assert.equal(warnings.length, 1);
        assert.match(warnings[0]!, warning);
        const before = node.queries.length;
        assert.deepEqual((await hunt(engine, TEXTS)).rows, want);
        assert.deepEqual(node.queries.slice(before).filter(isNamed), []);
        assert.equal(warnings.length, 1);
      })
    );
  });
}

Deno.test("retro() reads the events of layouts whose lists the node refuses", async () => {
  const seen = ["72.247.178.18", "youtube-ui.l.google.com"];
  await withWarnings((warnings) =>
    withEngine(async (engine, { node }) => {
      const refused = / in zeek\.(dns|files|smtp)\.(answers|[tr]x_hosts|path)/;
      node.fail({ when: (query) => refused.test(query), stderr: "!! parse_error\n", exit: 1 });
      const { rows, troubles } = await hunt(engine, seen);
      assert.deepEqual(rows, truth(cutEvents(), seen));
      assert.deepEqual(troubles, []);
      assert.deepEqual(warnings.map((text) => /events of (\S+)/.exec(text)?.[1]).sort(), [
        "zeek.dns",
        "zeek.files",
        "zeek.smtp",
      ]);
    })
  );
});
