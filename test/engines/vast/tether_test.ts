import assert from "node:assert/strict";
import { tether } from "../../../src/engines/vast/child.ts";

/** Stands for a client whose query has no end. */
const ENDLESS = `#!/bin/sh
case "$*" in
  *--continuous*|*"json"*) cat >/dev/null; echo $$ > "$(dirname "$0")/pid.new"; mv "$(dirname "$0")/pid.new" "$(dirname "$0")/pid"; exec sleep 600;;
  *version*) echo '{"VAST": "2021.05.27"}';;
  *) echo '{}';;
esac
`;

async function until(what: () => boolean): Promise<void> {
  const late = Date.now() + 120_000;
  while (!what()) {
    assert.ok(Date.now() < late, "nothing happened for 120 s");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

Deno.test({
  name: "a client ends with a bridge that was killed",
  ignore: (await tether()).length === 0,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const binary = `${folder}/vast`;
      await Deno.writeTextFile(binary, ENDLESS, { mode: 0o755 });
      const main = new URL("../../../main.ts", import.meta.url).pathname;
      const bridge = new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "--no-check", "-A", main, "retro", "--engine", "vast"],
          ...["--vast", "localhost:1", "--vast-binary", binary, "--ioc", "6.6.6.6"],
        ],
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
      await until(() => read(`${folder}/pid`) !== "");
      const pid = read(`${folder}/pid`).trim();
      bridge.kill("SIGKILL");
      await bridge.status;
      // Gone, or waiting for init to look at it.
      await until(() => !/^\d+ \(.*\) [^ZX]/.test(read(`/proc/${pid}/stat`)));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
