import assert from "node:assert/strict";
import { bridge } from "./bridge.ts";

Deno.test("bridge --help shows the command tree and examples on standard output", async () => {
  const { code, stdout, stderr } = await bridge(["--help"]);
  assert.equal(code, 0);
  assert.match(stdout, /Commands:/);
  assert.match(stdout, /bridge retro --ioc example\.com/);
  assert.equal(stderr, "");
});

Deno.test("bridge asks whether another command was meant", async () => {
  const { code, stdout, stderr } = await bridge(["completons"]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /bridge: unknown command 'completons'/);
  assert.match(stderr, /Did you mean completions\?/);
});

Deno.test("bridge help shows a command's help, subcommands' too, and names what is none", async () => {
  for (const words of [["pattern", "check"], ["retro"], []]) {
    const { code, stdout } = await bridge(["help", ...words]);
    assert.equal(code, 0);
    assert.ok(stdout.startsWith(["Usage: bridge", ...words].join(" ")), stdout);
  }
  for (const words of [["nosuch"], ["pattern", "nosuch"], ["retro", "nosuch"]]) {
    const { code, stdout, stderr } = await bridge(["help", ...words]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /bridge: unknown command 'nosuch'/);
  }
});

Deno.test("bridge without a command shows help on standard error and fails", async () => {
  const { code, stdout, stderr } = await bridge([]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /Usage: bridge/);
});

Deno.test("an option that takes a value does not take the next option for it", async () => {
  const { code, stderr } = await bridge(["retro", "--ioc", "--logs", "eve.json"]);
  assert.equal(code, 2);
  assert.match(stderr, /'--ioc <value>' argument '--logs' is invalid.*the value is missing/);
});
