import assert from "node:assert/strict";
import { runTree } from "../../src/cli/tree.ts";
import { flow, indicator, join, start } from "./run_process.ts";

const IOC = "203.0.113.1";

Deno.test("what is written once an indicator is there is matched, however long live matching takes to begin", async () => {
  const folder = await Deno.makeTempDir({ prefix: "bridge-test-" });
  try {
    // So many that they are not looked at before the indicator comes.
    await Deno.mkdir(`${folder}/logs`);
    for (let file = 0; file < 1500; file++) {
      Deno.writeTextFileSync(`${folder}/logs/${file}.json`, flow(file, "192.0.2.1"));
    }
    await using running = start([
      ...["run", "--bus", "embedded", "-t", "127.0.0.1:0", "--live", "--no-retro"],
      ...["--logs", `${folder}/logs`, "--state-dir", `${folder}/state`],
      ...["--metrics-listen", "127.0.0.1:0"],
    ]);
    await using app = await join(await running.bus());
    await running.logged(/Subscribed at Threat Bus/);
    await app.publish(indicator(1, `[ipv4-addr:value = '${IOC}']`));
    await running.counts(/^bridge_indicators 1$/m);
    for (const file of [0, 999, 1499]) {
      Deno.writeTextFileSync(`${folder}/logs/${file}.json`, flow(file, IOC), { append: true });
    }
    await app.saw("LIVE 1 0", "LIVE 1 999", "LIVE 1 1499");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("run that is told to stop while it begins ends as one that ran", async () => {
  const folder = await Deno.makeTempDir({ prefix: "bridge-test-" });
  try {
    let code: number | undefined;
    await runTree([
      ...["run", "--bus", "embedded", "-t", "127.0.0.1:0", "--logs", folder],
      ...["--state-dir", `${folder}/state`, "--sink", `file:${folder}/hits`],
    ], {
      signal: AbortSignal.abort(new DOMException("stopped by SIGTERM", "AbortError")),
      env: () => undefined,
      print: () => Promise.resolve(),
      exitWith: (given) => code = given,
    });
    assert.equal(code ?? 0, 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
