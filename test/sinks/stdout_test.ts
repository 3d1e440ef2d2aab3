import assert from "node:assert/strict";

const child = (lines: number) =>
  new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", new URL("write_stdout.ts", import.meta.url).href, `${lines}`],
    stdout: "piped",
    stderr: "piped",
  });

Deno.test("stdout writes every line in order", async () => {
  const { stdout, stderr, code } = await child(20_000).output();
  assert.equal(new TextDecoder().decode(stderr), "");
  assert.equal(code, 0);
  const expected = Array.from({ length: 20_000 }, (_, n) => `{"n":${n}}\n`).join("");
  assert.equal(new TextDecoder().decode(stdout), expected);
});

Deno.test("stdout raises ClosedPipe when its reader is gone", async () => {
  const running = child(1e9).spawn();
  const reader = running.stdout.getReader();
  await reader.read();
  await reader.cancel();
  const { code } = await running.status;
  assert.equal(await new Response(running.stderr).text(), "");
  assert.equal(code, 7);
});
