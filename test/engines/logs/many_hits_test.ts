import assert from "node:assert/strict";
import { bridge } from "../../cli/bridge.ts";
import { flow } from "../../cli/run_process.ts";

Deno.test("one IoC in all lines, in most or in runs of them is found in each", async () => {
  const folder = await Deno.makeTempDir({ prefix: "bridge-test-" });
  const lines = 12_000;
  try {
    // Seeking goes on and off with the share of lines that hold the IoC, in the middle of values too.
    const patterns: ((line: number) => boolean)[] = [
      () => true,
      (line) => line % 3 !== 0,
      (line) => line % 2 === 0,
      (line) => Math.floor(line / 700) % 2 === 0,
    ];
    for (const [index, holds] of patterns.entries()) {
      const log = `${folder}/${index}.json`;
      const hits = Array.from({ length: lines }, (_, line) => holds(line));
      const text = hits.map((hit, line) => flow(line, hit ? "203.0.113.1" : "198.51.100.7"));
      await Deno.writeTextFile(log, text.join(""));
      const { stdout } = await bridge(["retro", "--ioc", "203.0.113.1", "--count", "--logs", log]);
      assert.equal(
        stdout,
        `${hits.filter((hit) => hit).length}\t203.0.113.1\n`,
        `pattern ${index}`,
      );
    }
    const columns = ["#separator \\x09", "#set_separator\t,", "#fields\tts\tuid\tid.resp_h"];
    columns.push("#types\ttime\tstring\taddr");
    const rows = Array.from({ length: lines }, (_, line) => `${line}.5\tC${line}\t203.0.113.1`);
    await Deno.writeTextFile(`${folder}/conn.log`, [...columns, ...rows, ""].join("\n"));
    const { stdout } = await bridge([
      ...["retro", "--ioc", "203.0.113.1", "--count", "--logs", `${folder}/conn.log`],
    ]);
    assert.equal(stdout, `${lines}\t203.0.113.1\n`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
