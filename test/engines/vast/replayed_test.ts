/**
 * What a real `vast` printed and how it ended, played back word by word: whether
 * the binding understands it does not depend on the recorded node.
 */
import assert from "node:assert/strict";
import { createVastClient } from "../../../src/engines/vast/client.ts";
import { NodeAwayError, VastError } from "../../../src/engines/vast/errors.ts";
import { type Case, readCases } from "../../recorded_node/mod.ts";

const never = new AbortController().signal;
const cases = readCases().filter(({ cmd }) => cmd !== undefined);

/** How an export ends that a case shows; the first pattern that fits its name counts. */
const ENDS: readonly (readonly [RegExp, string])[] = [
  [/malformed|ip-port-suffix|import-time|comment|set-braces|escape-(newline|trailing)/, "refused"],
  [/empty-query|no-query|query-two-args|read-and-arg/, "refused"],
  [/unroutable|unresolvable|node-down/, "unreachable"],
  [
    /low-priority|endpoint-syntax|unknown-(option|export)|format-(arrow|pcap)|leading-dash|without-format|log-queue-size$/,
    "unsupported",
  ],
  [/request-timeout/, "overloaded"],
  [/timeout-opt|unified/, "timeout"],
  [/read-missing/, "other"],
  [/node-sigkill/, "gone"],
  [/oneshot-heavy-sigterm|oneshot-node-sigterm|continuous-(idle|node)-sig/, "cut_short"],
  [/continuous-(import|in|or|trickle)/, "gone"],
  [/./, "well"],
];

/** Runs with an executable that plays a case back to every call of one command. */
async function withReplay(
  recorded: Case,
  command: string,
  body: (client: ReturnType<typeof createVastClient>) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "replayed-vast-" });
  const binary = `${folder}/vast`;
  await Deno.writeTextFile(`${folder}/out`, recorded.stdout ?? "");
  await Deno.writeTextFile(`${folder}/err`, recorded.stderr ?? "");
  const script = [
    "#!/bin/sh",
    `case "$*" in *--help*|*version*) exit 0;; *${command}*) ;; *) exit 0;; esac`,
    "cat > /dev/null",
    `cat '${folder}/out'; cat '${folder}/err' >&2; exit ${Number(recorded.exit)}`,
    "",
  ];
  await Deno.writeTextFile(binary, script.join("\n"), { mode: 0o755 });
  const client = createVastClient({ endpoint: "localhost:42000", binary, folder });
  try {
    await body(client);
  } finally {
    await client.close();
    await Deno.remove(folder, { recursive: true });
  }
}

function endOf(error: unknown): string {
  if (error instanceof NodeAwayError) return error.reason;
  if (!(error instanceof VastError)) throw error;
  return error.failure === "unknown" ? "other" : error.failure;
}

/** How an export of the case ends, with the number of rows and whether the limit was met. */
async function replay(recorded: Case): Promise<string> {
  const limit = Number(/--max-events=(\d+)/.exec(recorded.cmd!)?.[1] ?? 0);
  let result = "";
  await withReplay(recorded, "export", async (client) => {
    let rows = 0;
    try {
      const output = client.export({ query: "1.2.3.4", maxEvents: limit }, never);
      for (let next = await output.next();; next = await output.next()) {
        if (next.done) {
          assert.equal(next.value.limited, limit > 0 && rows === limit, recorded.case);
          break;
        }
        const { bytes, cut } = next.value;
        assert.equal(cut, false, recorded.case);
        rows += new TextDecoder().decode(bytes).split("\n").length - 1;
      }
      result = "well";
    } catch (error) {
      result = endOf(error);
    }
  });
  return result;
}

Deno.test({
  name: "export() tells all ends of a real vast apart",
  ignore: cases.length === 0,
  async fn() {
    const exports = cases.filter(({ case: name, cmd, exit }) =>
      /\bexport\b/.test(cmd!) && ["0", "1"].includes(String(exit)) &&
      // Formats and help that are never asked for; a log that is silenced has its own test.
      !/^1-|^6-format-(ascii|csv|null|zeek)|quiet|write-file|^9-/.test(name)
    );
    assert.equal(exports.length > 150, true);
    const wrong: string[] = [];
    for (const recorded of exports) {
      const want = ENDS.find(([pattern]) => pattern.test(recorded.case))![1];
      const got = await replay(recorded);
      if (got !== want) wrong.push(`${recorded.case}: ${got} instead of ${want}`);
    }
    assert.deepEqual(wrong, []);
  },
});

Deno.test({
  name: "attachMatcher() knows a real vast that lacks the plugin",
  ignore: cases.length === 0,
  async fn() {
    const matchers = cases.filter(({ case: name }) => name.startsWith("6-matcher"));
    assert.equal(matchers.length > 5, true);
    for (const recorded of matchers) {
      await withReplay(recorded, "matcher", async (client) => {
        const lines = client.attachMatcher("threatbus", never);
        await assert.rejects(
          lines.next(),
          (error) => error instanceof VastError && error.failure === "unsupported",
        );
      });
    }
  },
});

Deno.test({
  name: "layouts() reads the status of a real node",
  ignore: cases.length === 0,
  async fn() {
    const named = (name: string) => cases.find((one) => one.case === name)!;
    await withReplay(named("1-status-detailed"), "status", async (client) => {
      const layouts = (await client.layouts(never))!;
      assert.deepEqual([layouts.size, layouts.get("zeek.conn")], [30, 8486]);
      assert.equal([...layouts.values()].reduce((sum, count) => sum + count), 19915);
    });
    await withReplay(named("1-status-after-restart"), "status", async (client) => {
      assert.equal((await client.layouts(never))!.has("zeek.conn"), true);
    });
    await withReplay(named("1-status"), "status", async (client) => {
      await client.check(never);
      assert.equal(await client.layouts(never), undefined);
    });
  },
});
