import assert from "node:assert/strict";
import { startVast } from "../recorded_node/mod.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;

async function retro(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", MAIN, "retro", ...args],
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("bridge retro --vast hunts in the past of a node, with grep's exit codes", async () => {
  await using vast = await startVast();
  const where = ["--vast", vast.node.endpoint, "--vast-binary", vast.binary];
  const hit = await retro(...where, "--ioc", "tls.example.org", "--ioc", "203.0.113.77", "--count");
  assert.deepEqual([hit.code, hit.stdout], [0, "1\ttls.example.org\n0\t203.0.113.77\n"]);
  assert.equal((await retro(...where, "--ioc", "203.0.113.77")).code, 1);
  const limited = await retro(...where, "--ioc", "72.247.178.26", "--max-events", "2");
  assert.equal(limited.stdout.trim().split("\n").length, 2);
});

Deno.test("bridge retro --vast says what is wrong with the program, and leaves nothing behind", async () => {
  await using vast = await startVast();
  const plain = `${vast.folder}/plain`;
  await Deno.writeTextFile(plain, "#!/bin/sh\n", { mode: 0o644 });
  for (
    const [binary, said] of [
      ["/no/such/vast", "There is no program /no/such/vast"],
      [plain, `${plain} is no program that may be run`],
      [vast.folder, `${vast.folder} is no program that may be run`],
      // It says nothing and exits with 0, as VAST does when there are no hits.
      ["/bin/true", "The program /bin/true does not answer as VAST does"],
    ] as const
  ) {
    const where = ["--vast", vast.node.endpoint, "--vast-binary", binary];
    const { code, stdout, stderr } = await retro(...where, "--ioc", "203.0.113.77");
    assert.deepEqual([code, stdout], [2, ""], binary);
    assert.equal(stderr.split("\n")[0], `bridge: key "vast_binary": ${said}`);
  }
});

Deno.test("bridge retro --vast says what is wrong with the node and what to do", async () => {
  await using vast = await startVast();
  await vast.node.kill();
  const where = ["--vast", vast.node.endpoint, "--vast-binary", vast.binary];
  const { code, stdout, stderr } = await retro(...where, "--ioc", "203.0.113.77");
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /Nothing answers at the VAST node's endpoint .*\n.*--vast/);
  assert.doesNotMatch(stderr, /at file:/);
});
