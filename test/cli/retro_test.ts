import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { bridge, bridgeCommand } from "./bridge.ts";

const LOGS = fileURLToPath(new URL("../fixtures/logs", import.meta.url));
const EVE = join(LOGS, "suricata", "eve.json");

Deno.test("bridge retro prints the events that hold the IoC, byte for byte, and exits 0", async () => {
  const { code, stdout, stderr } = await bridge(["retro", "--ioc", "example.com", "--logs", EVE]);
  assert.equal(code, 0, stderr);
  const lines = stdout.trimEnd().split("\n");
  const source = (await Deno.readTextFile(EVE)).split("\n");
  for (const line of lines) assert.ok(source.includes(line));
  assert.ok(lines.length > 0);
  assert.equal(stderr, "");
});

Deno.test("bridge retro takes defanged IoCs and logs from standard input", async () => {
  const named = await bridge(["retro", "--ioc", "example.com", "--logs", EVE]);
  const piped = await bridge(["retro", "--ioc", "EXAMPLE[.]com.", "--logs", "-"], {
    stdin: await Deno.readFile(EVE),
  });
  assert.deepEqual(piped, named);
});

Deno.test("bridge retro exits 1 when nothing matched", async () => {
  const { code, stdout } = await bridge(["retro", "--ioc", "203.0.113.254", "--logs", LOGS]);
  assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
});

Deno.test("bridge retro --count tells the hits of each IoC, zero included", async () => {
  const args = ["retro", "--count", "--ioc", "example.com", "--ioc", "203.0.113.254"];
  const { code, stdout } = await bridge([...args, "--logs", LOGS]);
  assert.equal(code, 0);
  assert.match(stdout, /^[1-9]\d*\texample\.com\n0\t203\.0\.113\.254\n$/);
  const formatted = await bridge([...args, "--logs", LOGS, "--format", "csv"]);
  assert.deepEqual([formatted.code, formatted.stdout], [0, stdout]);
  assert.match(formatted.stderr, /--format csv has no effect/);
});

Deno.test("bridge retro without IoCs, with a bad IoC or a missing path says what to do and exits 2", async () => {
  for (
    const [args, expected] of [
      [["--logs", LOGS], /Nothing to look for\n.*--ioc/],
      [[], /Nothing to look for/],
      [
        ["--ioc", "a.com", "--logs", LOGS, "--count", "--sink", "stdout"],
        /--count .* without --sink/,
      ],
      [["--ioc", "not an ioc", "--logs", LOGS], /--ioc.*Not an IoC: "not an ioc"\n/],
      [["--ioc", "example.com", "--logs", "/no/such/path"], /\/no\/such\/path/],
      [["--ioc", "example.com", "--logs", LOGS, "--since", "soon"], /Not a time: "soon"/],
      [["--ioc-file", "-", "--logs", "-"], /Standard input can be read but once/],
      [["--pattern", "[oops", "--logs", LOGS], /--pattern.*Not a STIX pattern/],
    ] as const
  ) {
    const { code, stdout, stderr } = await bridge(["retro", ...args]);
    assert.equal(code, 2, args.join(" "));
    assert.equal(stdout, "");
    assert.match(stderr, expected);
    assert.doesNotMatch(stderr, /\n\s+at /, "no stack trace");
  }
});

Deno.test("bridge retro | head ends silently", async () => {
  const { command, args } = bridgeCommand(["retro", "--ioc", "10.0.0.0/8", "--logs", LOGS]);
  const quoted = [command, ...args].map((word) => `'${word}'`).join(" ");
  const { stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", `${quoted} | head -n 1; echo "\${PIPESTATUS[0]}"`],
  }).output();
  const [line, code] = new TextDecoder().decode(stdout).trim().split("\n");
  assert.ok(line!.startsWith("{"));
  assert.equal(code, "0");
  assert.equal(new TextDecoder().decode(stderr), "");
});

Deno.test("bridge retro reads lists, skips what is invalid, holds allow-listed values back and says so", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [iocs, allow] = [join(folder, "iocs.csv"), join(folder, "allow.txt")];
    await Deno.writeTextFile(
      iocs,
      "value,type\nexample.com,domain\nnot one,domain\n0.0.0.0/0,cidr\n",
    );
    await Deno.writeTextFile(allow, "example.com\n");
    const args = ["retro", "--count", "--ioc-file", iocs, "--logs", LOGS];
    const strict = await bridge(args);
    assert.equal(strict.code, 2);
    assert.match(strict.stderr, /iocs\.csv:3: "not one"/);
    const skipping = await bridge([...args, "--skip-invalid"]);
    assert.equal(skipping.code, 0, skipping.stderr);
    assert.match(skipping.stdout, /^[1-9]\d*\texample\.com\n$/);
    assert.match(skipping.stderr, /iocs\.csv:3: skipped "not one"/);
    assert.match(skipping.stderr, /1 IoC not looked for: matches almost everything.*--no-guard/);
    const named = await bridge([...args, "--skip-invalid", "--ioc", "neither"]);
    assert.equal(named.code, 0, named.stderr);
    assert.match(named.stderr, /--ioc: skipped "neither"/);
    const unguarded = await bridge([...args, "--skip-invalid", "--no-guard"]);
    assert.match(unguarded.stdout, /^[1-9]\d*\t0\.0\.0\.0\/0$/m);
    assert.doesNotMatch(unguarded.stderr, /not looked for/);
    const allowed = await bridge([...args, "--skip-invalid", "--allow-list", allow]);
    assert.equal(allowed.code, 1);
    assert.match(allowed.stderr, /1 IoC not looked for: allow-listed by .*allow\.txt/);
    const piped = await bridge(["retro", "--ioc-file", "-", "--logs", LOGS], {
      stdin: "example.com",
    });
    assert.equal(piped.code, 0, piped.stderr);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("bridge retro hunts in standard input as it comes, and an interrupt ends the wait for more", async () => {
  const { command, args } = bridgeCommand(["retro", "--ioc", "example.com", "--logs", "-"]);
  const child = new Deno.Command(command, {
    args,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode('{"query":"example.com"}\n'));
  // Standard input stays open: what is there has to be enough.
  const hits = child.stdout.getReader();
  const { value } = await hits.read();
  assert.equal(new TextDecoder().decode(value), '{"query":"example.com"}\n');
  child.kill("SIGINT");
  const [{ code }, stderr] = await Promise.all([child.status, new Response(child.stderr).text()]);
  assert.equal(code, 2);
  assert.match(stderr, /Stopped \(interrupted\) after .* 1 hits? until then/);
  await hits.cancel();
  await writer.abort().catch(() => {});
});

Deno.test("bridge retro says that a list is empty", async () => {
  const { code, stderr } = await bridge(["retro", "--ioc-file", "-", "--logs", LOGS], {
    stdin: "# nothing yet\n",
  });
  assert.equal(code, 1);
  assert.match(stderr, /stdin: there are no IoCs in it/);
});

Deno.test("bridge retro says when a program fails that took all hits", async () => {
  const args = ["retro", "--ioc", "example.com", "--logs", EVE];
  const program = "process:sh -c 'cat >/dev/null; exit 3'";
  const { code, stderr } = await bridge([...args, "--sink", program]);
  assert.equal(code, 2);
  assert.match(stderr, /failed: .*it exited with 3; it had taken all hits by then/);
});

Deno.test(
  "bridge retro reads a named pipe, once",
  { ignore: Deno.build.os === "windows" },
  async () => {
    const { command, args } = bridgeCommand(["retro", "--count", "--ioc", "example.com", "--logs"]);
    const quoted = [command, ...args].map((word) => `'${word}'`).join(" ");
    const { stdout, code } = await new Deno.Command("bash", {
      args: ["-c", `${quoted} <(cat '${EVE}')`],
    }).output();
    assert.match(new TextDecoder().decode(stdout), /^[1-9]\d*\texample\.com\n$/);
    assert.equal(code, 0);
  },
);

Deno.test("bridge retro uses the indicators that their STIX objects and its flags let in", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const marked = {
      object_marking_refs: ["marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"],
    };
    const objects = [
      {},
      { confidence: 90 },
      { confidence: 90, ...marked },
      { revoked: true },
      { valid_until: "2020-01-01T00:00:00Z" },
    ].map((own, n) => ({
      type: "indicator",
      spec_version: "2.1",
      id: `indicator--00000000-0000-4000-8000-00000000000${n}`,
      created: "2019-01-01T00:00:00Z",
      modified: "2019-01-01T00:00:00Z",
      valid_from: "2019-01-01T00:00:00Z",
      pattern: `[domain-name:value = '${n}.example']`,
      pattern_type: "stix",
      ...own,
    }));
    const list = `${folder}/bundle.json`, log = `${folder}/eve.json`;
    await Deno.writeTextFile(list, JSON.stringify({ type: "bundle", objects }));
    const event = (n: number) => ({ event_type: "dns", dns: { rrname: `${n}.example` } });
    await Deno.writeTextFile(log, [0, 1, 2, 3, 4].map((n) => JSON.stringify(event(n))).join("\n"));
    const found = async (...flags: string[]) => {
      const args = ["retro", "--ioc-file", list, "--logs", log, "--count", ...flags];
      const { stdout, stderr } = await bridge(args);
      return { hits: stdout.match(/^1\t\d/gm)?.map((line) => line.slice(2)).join(""), stderr };
    };
    const plain = await found();
    assert.equal(plain.hits, "012");
    assert.match(plain.stderr, /1 IoC not looked for: revoked/);
    assert.match(plain.stderr, /1 IoC not looked for: expired \(--expired looks for them\)/);
    assert.equal((await found("--expired")).hits, "0124");
    const sure = await found("--min-confidence", "50", "--tlp", "green");
    assert.equal(sure.hits, "1");
    assert.match(sure.stderr, /confidence 0 is below 50/);
    assert.match(sure.stderr, /TLP red is not among green/);
    // What is given by hand is meant.
    const pattern = "[domain-name:value = '3.example'] OR [domain-name:value = '4.example']";
    assert.match((await found("--min-confidence", "50", "--pattern", pattern)).hits!, /^12/);
    assert.match((await found("--tlp", "blue")).stderr, /Allowed choices are white/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
