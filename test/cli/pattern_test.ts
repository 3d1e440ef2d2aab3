import assert from "node:assert/strict";
import { bridge } from "./bridge.ts";

Deno.test("bridge pattern check explains a pattern and what goes to the fast set", async () => {
  const pattern = "[ipv4-addr:value = '198.51.100.1'] FOLLOWEDBY " +
    "[network-traffic:dst_port = 4444 AND network-traffic:dst_ref.value = '198.51.100.2'] WITHIN 5 SECONDS";
  const { code, stdout } = await bridge(["pattern", "check", pattern]);
  assert.equal(code, 0);
  assert.match(stdout, /one after the other \(FOLLOWEDBY\)\n +one observation/);
  assert.match(stdout, /WITHIN stands on the last observation alone/);
  assert.match(
    stdout,
    /every event that can matter\n +ipv4 198\.51\.100\.1\n +ipv4 198\.51\.100\.2/,
  );
  assert.match(stdout, /logs +finds it\n +vast +finds/);
});

Deno.test("bridge pattern check --json says what is no valid pattern", async () => {
  const args = [
    "pattern",
    "check",
    "--json",
    "[file:hashes.MD5 = 'f00' AND windows-registry-key:key = 'x']",
  ];
  const { code, stdout } = await bridge(args);
  assert.equal(code, 2);
  const { valid, problems, notes } = JSON.parse(stdout);
  assert.equal(valid, false);
  assert.match(problems[0], /'f00' is not a valid MD5 hash \(column 20\)/);
  assert.match(notes.join(), /No log here tells windows-registry-key:key/);
});

Deno.test("bridge pattern check names column and expectation of a syntax error", async () => {
  const { code, stdout, stderr } = await bridge(["pattern", "check", "[file:size = ]"]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.equal(stderr, 'bridge: Expected a constant, found "]" (column 14 of the pattern)\n');
});

Deno.test("bridge fields prints the table", async () => {
  const { code, stdout } = await bridge(["fields", "dns"]);
  assert.equal(code, 0);
  assert.match(stdout, /Zeek dns\.log\n +query +domain-name:value/);
  const unknown = await bridge(["fields", "nope"]);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /No log or source is called "nope"/);
});

const OBSERVED = {
  type: "observed-data",
  id: "observed-data--b67d30ff-02ac-498a-92f9-32f845f448cf",
  first_observed: "2024-01-01T00:00:00Z",
  last_observed: "2024-01-01T00:00:00Z",
  number_observed: 2,
  objects: { "0": { type: "file", name: "a.exe", size: 7 } },
};

Deno.test("bridge pattern match evaluates observed-data and exits as grep does", async () => {
  const call = (pattern: string, stdin: unknown) =>
    bridge(["pattern", "match", pattern, "-"], { stdin: JSON.stringify(stdin) });
  const found = await call("[file:size > 5] REPEATS 2 TIMES", OBSERVED);
  assert.deepEqual([found.code, found.stdout], [0, `${OBSERVED.id}\n`]);
  assert.equal((await call("[file:size > 7]", [OBSERVED])).code, 1);
  const { objects: held, ...rest } = OBSERVED;
  const file = { ...held["0"], id: "file--00000000-0000-4000-8000-000000000000" };
  const bundle = { type: "bundle", objects: [{ ...rest, object_refs: [file.id] }, file] };
  assert.equal((await call("[file:name LIKE '%.exe']", bundle)).stdout, `${OBSERVED.id}\n`);
  const broken = await call("[file:size > 7]", { ...OBSERVED, number_observed: 0 });
  assert.equal(broken.code, 2);
  assert.match(
    broken.stderr,
    /observed-data--b67d\S+ needs a number_observed of at least 1: found 0/,
  );
  const { first_observed: _, ...timeless } = OBSERVED;
  const missing = await call("[file:size > 7]", timeless);
  assert.match(missing.stderr, /needs a time in first_observed: it is missing/);
});

Deno.test("bridge pattern match takes objects that nobody says when they were observed", async () => {
  const call = (stdin: unknown) =>
    bridge(["pattern", "match", "--json", "[file:size = 7] WITHIN 5 SECONDS", "-"], {
      stdin: JSON.stringify(stdin),
    });
  const file = { type: "file", size: 7 };
  const verdict = { pattern: "[file:size = 7] WITHIN 5 SECONDS", matches: true, ids: ["0"] };
  for (
    const data of [file, [file], { type: "bundle", objects: [file] }, { objects: { a: file } }]
  ) {
    const { code, stdout } = await call(data);
    assert.deepEqual([code, JSON.parse(stdout)], [0, verdict]);
  }
});

Deno.test("bridge pattern match undoes byte order marks and gzip", async () => {
  const file = await Deno.makeTempFile();
  try {
    for (const text of ["\ufeff", ""]) {
      const body = new Response(text + JSON.stringify(OBSERVED)).body!;
      const bytes = text === "" ? body.pipeThrough(new CompressionStream("gzip")) : body;
      await Deno.writeFile(file, bytes);
      const { code, stderr } = await bridge(["pattern", "match", "[file:size = 7]", file]);
      assert.deepEqual([code, stderr], [0, ""]);
    }
    await Deno.writeTextFile(file, " \n");
    const { code, stderr } = await bridge(["pattern", "match", "[file:size = 7]", file]);
    assert.equal(code, 2);
    assert.match(stderr, /The file is empty/);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("bridge pattern check tells bad regular expressions and mixed types", async () => {
  const regex = await bridge(["pattern", "check", "[url:value MATCHES '(a']"]);
  assert.equal(regex.code, 2);
  assert.match(regex.stdout, /logs +can't find it: Bad regular expression.*missing closing \)/);
  const mixed = "[domain-name:value = 'a.example' AND network-traffic:dst_port = '443']";
  const { stdout } = await bridge(["pattern", "check", mixed]);
  assert.match(stdout, /in logs one event has to hold an object for each/);
  const none = await bridge(["pattern", "check", "--json", "[a:b = 1"]);
  assert.equal(none.code, 2);
  const { valid, column } = JSON.parse(none.stdout);
  assert.deepEqual([valid, column], [false, 9]);
});

Deno.test("bridge pattern match gives verdicts of many patterns on many files", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const one = `${folder}/one.json`, two = `${folder}/two.ndjson`, bad = `${folder}/bad.json`;
    const list = `${folder}/patterns.txt`;
    const other = { ...OBSERVED, id: undefined, objects: { "0": { type: "file", size: 9 } } };
    // STIX 2.0 bundles have the objects inside of observed-data.
    await Deno.writeTextFile(one, JSON.stringify({ type: "bundle", objects: [OBSERVED] }));
    await Deno.writeTextFile(two, `${JSON.stringify(OBSERVED)}\n${JSON.stringify(other)}\n`);
    await Deno.writeTextFile(bad, '{"type":"report"}');
    await Deno.writeTextFile(list, "# sizes\n[file:size = 7]\n\n[file:size = 9]\n[file:size =]\n");
    const match = ["pattern", "match", "-p", list];
    const { code, stdout } = await bridge([...match, "--json", "--each", one, two, bad]);
    assert.equal(code, 2);
    const verdicts = stdout.trim().split("\n").map((line) => JSON.parse(line));
    const seven = "[file:size = 7]", nine = "[file:size = 9]";
    assert.deepEqual(verdicts.filter(({ error }) => error === undefined), [
      { pattern: seven, file: one, matches: true, ids: [OBSERVED.id] },
      { pattern: nine, file: one, matches: false, ids: [] },
      { pattern: seven, file: two, matches: true, ids: [OBSERVED.id] },
      { pattern: nine, file: two, matches: true, ids: ["1"] },
    ]);
    assert.match(verdicts[2].error, /Expected a constant/);
    assert.match(verdicts.at(-1).error, /no observed-data/);
    const plain = await bridge([...match, two]);
    assert.equal(plain.stdout, `${seven}\t${OBSERVED.id}\n${nine}\t1\n`);
    assert.match(plain.stderr, /Expected a constant.*in \[file:size =\]/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("bridge pattern match takes objects of STIX 2.1 without a bundle", async () => {
  const { objects: held, ...rest } = OBSERVED;
  const file = { ...held["0"], id: "file--00000000-0000-4000-8000-000000000000" };
  const stdin = JSON.stringify([{ ...rest, object_refs: [file.id] }, file]);
  const { code, stdout } = await bridge(["pattern", "match", "[file:size = 7]", "-"], { stdin });
  assert.deepEqual([code, stdout], [0, `${OBSERVED.id}\n`]);
  const nothing = await bridge(["pattern", "match", "[file:size = 7]"]);
  assert.equal(nothing.code, 2);
  assert.match(nothing.stderr, /There is nothing to evaluate/);
});
