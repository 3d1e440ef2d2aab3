import assert from "node:assert/strict";
import { bridge, bridgeCommand } from "../../../cli/bridge.ts";
import { flow } from "../../../cli/run_process.ts";

const IOC = "203.0.113.1";

async function withPipe(body: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "bridge-test-" });
  try {
    await new Deno.Command("mkfifo", { args: [`${folder}/pipe`] }).output();
    await body(`${folder}/pipe`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const asked = (path: string) => ["retro", "--ioc", IOC, "--count", "--logs", path];

Deno.test("retro reads a named pipe, also from a writer that comes late", () =>
  withPipe(async (path) => {
    const lines = [1, 2, 3].map((id) => flow(id, IOC)).join("");
    const reading = bridge(asked(path));
    const { success } = await new Deno.Command("sh", {
      args: ["-c", 'sleep 0.3; printf %s "$1" > "$0"; exit 0', path, lines],
    }).output();
    assert.ok(success);
    const { code, stdout } = await reading;
    assert.equal(code, 0);
    assert.match(stdout, /\b3\b/);
  }));

Deno.test("retro that waits for the writer of a named pipe ends with the first signal", () =>
  withPipe(async (path) => {
    const { command, args } = bridgeCommand(asked(path));
    const child = new Deno.Command(command, { args, stdout: "null", stderr: "null" }).spawn();
    // It has the pipe open once somebody can write to it.
    await Deno.writeTextFile(path, "");
    child.kill("SIGTERM");
    const { signal } = await child.status;
    assert.equal(signal, null);
  }));

Deno.test("retro waits for nobody at a pipe without a name", async () => {
  const { command, args } = bridgeCommand(["retro", "--ioc", IOC, "--logs"]);
  const { code, stderr } = await new Deno.Command("bash", {
    args: ["-c", '"$@" <(true)', "bash", command, ...args],
  }).output();
  assert.equal(code, 1);
  assert.match(new TextDecoder().decode(stderr), /file is empty/);
});
