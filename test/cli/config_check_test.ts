import assert from "node:assert/strict";
import { bridge } from "./bridge.ts";

async function check(config: string, args: readonly string[] = ["check"]) {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/config.yaml`;
    await Deno.writeTextFile(file, config);
    const flag = args[0] === "check" ? [] : ["--config"];
    return await bridge(["config", ...args, ...flag, file]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("bridge config check takes sinks, a command as sink, and a transformation", async () => {
  const { code, stdout, stderr } = await check(`
sink: logger -t bridge %ioc
sinks:
  - stdout
  - {sink: "file:/var/log/hits.json", format: match}
transform_context: cat --show-all
`);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /: ok\n$/);
});

Deno.test("bridge config check takes commands of another machine, and says so", async () => {
  const { code, stdout, stderr } = await check(`unflatten: true
sink: no-such-sink-here %ioc
transform_context: no-such-program-here %ioc
`);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /: ok\n$/);
  assert.match(stderr, /warning: .*config\.yaml:2.*sink.*no-such-sink-here/);
  assert.match(stderr, /warning: .*config\.yaml:3.*transform_context.*no-such-program-here/);
});

Deno.test("bridge config check names each wrong sink and command with its line", async () => {
  const { code, stderr } = await check(`snapshot: 3
sinks:
  - stdout
  - sink: file:/var/log/hits.json
    rotate_sizes: 3
  - {sink: stdout, format: xml}
transform_context: no-such-program-here %ioc
bus_security: {curve_key_file: /nowhere}
`);
  assert.equal(code, 2);
  assert.match(stderr, /config\.yaml:4.*rotate_sizes/s);
  assert.match(stderr, /config\.yaml:6.*sinks\[2\].*no format "xml"/s);
  assert.match(stderr, /config\.yaml:7.*transform_context.*no-such-program-here/s);
  assert.match(stderr, /config\.yaml:8.*curve_server_key/s);
});

Deno.test("bridge config check says what was meant, for each of several errors", async () => {
  const { code, stderr } = await check("retro_mach: true\nsnapshot: -1\nmin_confidence: 101\n");
  assert.equal(code, 2);
  assert.match(stderr, /:1:13: key "retro_mach": Unknown key\n {2}Did you mean retro_match\?/);
  assert.match(stderr, /:2:11: key "snapshot": Expected 0 or more/);
  assert.match(stderr, /:3:17: key "min_confidence": Expected 100 or less/);
});

Deno.test("bridge config check names each wrong endpoint with line and column", async () => {
  const { code, stderr } = await check(
    "threatbus: nohost\nvast: localhost:99999999\nmetrics: {listen: here}\n",
  );
  assert.equal(code, 2);
  assert.match(stderr, /config\.yaml:1:12: key "threatbus": .*"nohost", the port is missing/);
  assert.match(stderr, /config\.yaml:2:7: key "vast": .*65535/);
  assert.match(stderr, /config\.yaml:3:19: key "metrics\.listen"/);
});

Deno.test("endpoints from the environment and from flags are checked, too", async () => {
  const variable = await bridge(["config", "check"], { env: { BRIDGE_THREATBUS: "nohost" } });
  assert.equal(variable.code, 2);
  assert.match(variable.stderr, /environment BRIDGE_THREATBUS: .*the port is missing/);
  for (const flag of ["--threatbus", "--metrics-listen"]) {
    const { code, stderr } = await bridge(["run", "--no-spool", flag, "nohost"]);
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`^bridge: ${flag}: .*the port is missing`));
  }
});

Deno.test("a sink that is no text is an error, and printed without being taken for one", async () => {
  const config = "sinks: [{sink: {toString: 0}}]\n";
  const { code, stderr } = await check(config);
  assert.equal(code, 2);
  assert.match(stderr, /:1:\d+: key "sinks\[0\]": An entry needs the key sink/);
  const { stdout } = await check(config, ["print"]);
  assert.match(stdout, /^sinks: \[\{"sink":"\(hidden\)"\}\]/m);
});

Deno.test("bridge config print hides secrets", async () => {
  const config = [
    "bus_security: {plain_user: a, plain_password: swordfish}",
    "sinks:",
    '  - {sink: "https://u:swordfish@soc.example/swordfish?token=swordfish", payload: lines,',
    '     headers: {Authorization: "Bearer swordfish"}}',
    '  - "https://soc.example/#headers=Authorization=swordfish&batch_size=5"',
    "  - \"process:curl -u https://a:swordfish@b/ -H 'Authorization: Bearer swordfish' --fail\"",
    "  - {sink: ./mine.js, format: match, key: swordfish}",
    "sink: notify --api-key=swordfish --ioc %ioc",
    "transform_context: enrich --token swordfish --fast",
    "",
  ].join("\n");
  const kept = [
    ...["plain_password", "payload", "lines", "batch_size=5", "curl", "--fail", "mine.js", "match"],
    ...["https://soc.example/", "notify", "%ioc", "enrich", "--fast"],
  ];
  for (const args of [["print"], ["print", "--json"]]) {
    const { code, stdout } = await check(config, args);
    assert.equal(code, 0);
    assert.doesNotMatch(stdout, /swordfish/);
    for (const text of kept) assert(stdout.includes(text), text);
  }
});
