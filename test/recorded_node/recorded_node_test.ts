import assert from "node:assert/strict";
import { allEvents, type Case, readCases, startVast, type Vast } from "./mod.ts";

/** What the stand-in does not cover, and why. */
const UNCOVERED: readonly (readonly [RegExp, string])[] = [
  [/^0-import/, "the import of the raw logs, which are not among the recordings"],
  [/^(1-dump-concepts|1-count-all|1-status)/, "answers that are cut, or numbers of that moment"],
  [
    /^(2-unified|2-write-file|6-format)/,
    "output the engine never asks for",
  ],
  [/^3-batch/, "queries of which only the size is recorded"],
  [/^(5-|4-request-timeout)/, "signals and load: tests of their own below"],
  [
    /^4-(not-a-vast|second-node|already-running|unroutable)/,
    "a shell or a second node around it",
  ],
  [/^4-(query-double-dash)/, "an answer that no rule explains"],
  [/^8-/, "tables of times"],
];

/** Splits a recorded command line as a shell would; undefined if it takes more than quotes. */
function splitCommand(command: string): string[] | undefined {
  const words = command.trim().match(/(?:'[^']*'|"(?:[^"\\]|\\.)*"|[^\s'"])+/g) ?? [];
  if (words[0] !== "vast" || words.some((word) => /^[<|]/.test(word))) return undefined;
  return words.slice(1).map((word) =>
    word.replace(/'([^']*)'|"((?:[^"\\]|\\.)*)"/g, (_, single, double) => {
      return single ?? double.replace(/\\(["\\])/g, "$1");
    })
  );
}

/** `printf 'query' | vast …` as its input and the rest; what was measured, without the measuring. */
function splitPiped(command: string): { args: string[]; input: string } | undefined {
  command = command.trim().replace(/^\/usr\/bin\/time -f '[^']*' /, "");
  const piped = /^printf '([^']*)' \| (.*)$/s.exec(command);
  const args = splitCommand(piped?.[2] ?? command);
  return args && { args, input: (piped?.[1] ?? "").replaceAll("\\n", "\n") };
}

const messages = (text: string) =>
  text.split("\n").filter((line) => /^(!!|error:)/.test(line)).join("\n");

async function checkCase({ binary, folder, node }: Vast, recorded: Case): Promise<void> {
  const { args: given, input } = splitPiped(recorded.cmd!)!;
  // Other output of the same rows, of which the number is looked at.
  const args = given.filter((arg) => !/^--(flatten|numeric-durations)$/.test(arg));
  const isOther = args.length < given.length;
  const [hostname, port] = node.endpoint.split(":");
  const at = args.indexOf("-e");
  const known = at >= 0 && !/^localhost(:42000)?$/.test(args[at + 1]!);
  if (at >= 0 && !known) args.splice(at, 2);
  const child = new Deno.Command(binary, {
    args: known ? args : ["-e", `${hostname}:${port}`, ...args],
    cwd: folder,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  const got = decoder.decode(stdout).trim();
  const { case: name } = recorded;
  assert.equal(
    String(code),
    String(recorded.exit),
    `${name}: exit code\n${decoder.decode(stderr)}`,
  );
  assert.equal(messages(decoder.decode(stderr)), messages(recorded.stderr ?? ""), name);
  const want = (recorded.stdout ?? "").trim();
  if (/^\{"(ts|timestamp|_path)/.test(want)) {
    const limited = args.some((arg) => arg.startsWith("--max-events"));
    const rows = got.split("\n");
    const wanted = want.split("\n").filter((row) => row.startsWith("{"));
    assert.equal(rows.length, recorded.stdout_lines ?? wanted.length, `${name}: rows`);
    if (isOther) return;
    const set = new Set(rows);
    if (!limited) assert.deepEqual(wanted.filter((row) => !set.has(row)), [], name);
    if (!limited && !recorded.stdout_cut) assert.deepEqual(rows.sort(), wanted.sort(), name);
  } else if (!name.includes("plugins")) {
    assert.equal(got, want, name);
  }
}

const cases = readCases();
Deno.test({
  name: "the recorded node answers every recorded case that it covers",
  ignore: cases.length === 0,
  async fn() {
    await using vast = await startVast({ events: await allEvents() });
    await Deno.writeTextFile(`${vast.folder}/cfg-matcher.yaml`, "vast:\n  plugins: [matcher]\n");
    await Deno.writeTextFile(`${vast.folder}/cfg-smallq.yaml`, "vast:\n  log-queue-size: 100\n");
    const covered = cases.filter(({ case: name, cmd }) =>
      cmd !== undefined && !UNCOVERED.some(([pattern]) => pattern.test(name)) &&
      splitPiped(cmd) !== undefined
    );
    const failures: string[] = [];
    for (const recorded of covered) {
      try {
        await checkCase(vast, recorded);
      } catch (error) {
        failures.push(`${(error as Error).message}\n    ${recorded.cmd?.trim()}`);
      }
    }
    assert.deepEqual(failures, []);
    // 271 recorded; the rest is listed with reasons in UNCOVERED.
    assert.equal(covered.length, 181);
  },
});

/** Starts a call; its output is read when it is over. */
function spawn({ binary, node }: Vast, args: readonly string[]) {
  const command = new Deno.Command(binary, {
    args: ["-e", node.endpoint, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  return command.spawn();
}

async function outcome(child: Deno.ChildProcess) {
  const { code, signal, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, signal, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

const EVENT =
  `{"ts": "2026-11-21T10:00:00.000000", "id.orig_h": "192.168.168.100", "conn_state": "SF"}`;

Deno.test("a continuous export prints new events and ends gracefully at SIGTERM", async () => {
  await using vast = await startVast();
  const child = spawn(vast, ["export", "--continuous", "json", "192.168.168.100"]);
  await vast.node.watching(1);
  vast.node.feed([EVENT, EVENT.replace("168.100", "168.101")]);
  child.kill("SIGTERM");
  const { code, stdout, stderr } = await outcome(child);
  assert.equal(code, 0);
  assert.equal(stdout, EVENT + "\n");
  assert.match(stderr, /initiating graceful shutdown/);
  assert.match(stderr, /exporter processed 1 candidates .* shipped 1 results in 0\.0ns/);
});

Deno.test("a continuous export ends with exit code 0 when the node stops, 1 when it is killed", async () => {
  for (const [how, wanted, text] of [["stop", 0, /in 0\.0ns/], ["kill", 1, /!! exit/]] as const) {
    await using vast = await startVast();
    const child = spawn(vast, ["export", "--continuous", "json", "1.2.3.4"]);
    await vast.node.watching(1);
    await vast.node[how]();
    const { code, stderr } = await outcome(child);
    assert.equal(code, wanted);
    assert.match(stderr, text);
  }
});

Deno.test("a client hangs at an endpoint that is no VAST", async () => {
  await using vast = await startVast();
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response("no"),
  );
  const child = new Deno.Command(vast.binary, {
    args: ["-e", `127.0.0.1:${server.addr.port}`, "status"],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const reader = child.stderr.getReader();
  const { value } = await reader.read();
  assert.match(new TextDecoder().decode(value), /client connects/);
  child.kill("SIGKILL");
  assert.equal((await child.status).signal, "SIGKILL");
  await reader.cancel();
});

Deno.test("a matcher prints the lines that the ancestor expects", async () => {
  await using vast = await startVast({ features: ["matcher"] });
  const child = spawn(vast, ["matcher", "attach", "json", "m"]);
  await vast.node.watching(1);
  const added = await outcome(
    spawn(vast, ["matcher", "add", "m", "192.168.168.100", "threatbus__indicator--1"]),
  );
  assert.equal(added.code, 0);
  vast.node.feed([EVENT]);
  child.kill("SIGTERM");
  const line =
    `{"indicator": {"value": "192.168.168.100", "context": "\\"threatbus__indicator--1\\""}, ` +
    `"type": "zeek.conn", "event": ${EVENT}}\n`;
  assert.equal((await outcome(child)).stdout, line);
});
