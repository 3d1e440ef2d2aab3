import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { BridgeError, ConfigError } from "../../src/errors.ts";
import { loadConfig } from "../../src/config/load.ts";
import { renderExample } from "../../src/config/render.ts";

const NO_ENV = () => undefined;

async function load(text: string, env: Readonly<Record<string, string>> = {}) {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "config.yaml");
    await Deno.writeTextFile(file, text);
    return await loadConfig({ file, env: (name) => env[name] });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function failure(text: string): Promise<ConfigError> {
  try {
    await load(text);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: "expected a ConfigError" });
}

Deno.test("loadConfig() takes a config.yaml of vast-threatbus unchanged", async () => {
  const { values } = await load(`
logging:
  console: true
  console_verbosity: DEBUG
  file: false
  file_verbosity: DEBUG
  filename: vast-threatbus.log
metrics:
  interval: 10
  filename: metrics.log
vast: localhost:42000
vast_binary: /opt/vast/bin/vast
threatbus: localhost:13370
snapshot: 30
live_match: false
retro_match: true
retro_match_max_events: 0
retro_match_timeout: 5
unflatten: true
max_background_tasks: 100
transform_context: fever alertify --alert-prefix 'MY PREFIX' --extra-key my-ioc --ioc %ioc
sink: STDOUT
`);
  assert.equal(values.vast, "localhost:42000");
  assert.equal(values.retro_match_timeout, 5000);
  assert.equal(values.sink, "STDOUT");
  assert.equal(values["metrics.filename"], "metrics.log");
  assert.equal(values["logging.console_verbosity"], "DEBUG");
});

Deno.test("loadConfig() lets the environment win over the file, ours over the ancestor's", async () => {
  const { values, origins } = await load("snapshot: 1\nvast: a:1\nlive_match: false\n", {
    VAST_THREATBUS_SNAPSHOT: "2",
    BRIDGE_SNAPSHOT: "3",
    VAST_THREATBUS_LOGGING__CONSOLE: "false",
    BRIDGE_LIVE_MATCH: "true",
  });
  assert.equal(values.snapshot, 3);
  assert.equal(values["logging.console"], false);
  assert.equal(values.live_match, true);
  assert.equal(origins.snapshot, "environment BRIDGE_SNAPSHOT");
  assert.match(origins.vast, /config\.yaml:2$/);
  assert.equal(origins.threatbus, "default");
});

Deno.test("loadConfig() names file, line, column and key of a wrong value", async () => {
  const error = await failure("vast: x\nlogging:\n  console: maybe\n");
  assert.deepEqual([error.place?.line, error.place?.column], [3, 12]);
  assert.equal(error.place?.key, "logging.console");
  assert.match(error.message, /true or false/);
});

Deno.test("loadConfig() asks what an unknown key was meant to be", async () => {
  const error = await failure("retro_macth: true\n");
  assert.equal(error.place?.key, "retro_macth");
  assert.equal(error.place?.line, 1);
  assert.equal(error.hint, "Did you mean retro_match?");
});

Deno.test("loadConfig() tells all that is wrong at once", async () => {
  await assert.rejects(load("snapshot: -1\nsnapshoot: 3\n"), (error) => {
    assert.ok(error instanceof AggregateError);
    assert.equal(error.errors.length, 2);
    return true;
  });
});

Deno.test("loadConfig() names line and column of broken YAML", async () => {
  const error = await failure("vast: [1,\n");
  assert.ok(error.place?.line !== undefined);
});

Deno.test("loadConfig() takes a single entry for a list, and names the entry that is wrong", async () => {
  const { values } = await load("sinks: stdout\ntlp: green\ntopics: [a, b]\n");
  assert.deepEqual([values.sinks, values.tlp, values.topics], [["stdout"], ["green"], ["a", "b"]]);
  for (
    const [text, column, key, message] of [
      ["sinks: [stdout, 12]", 17, "sinks[1]", /a text or a mapping$/],
      ["sinks: 12", 8, "sinks", /, or a list of such/],
      ["topics: [a, 1]", 13, "topics[1]", /a text$/],
      ["tlp: [green, purple]", 14, "tlp[1]", /"white"\|.*"red"/],
      ["tlp: purple", 6, "tlp", /white, .*red, or a list/],
    ] as const
  ) {
    const { place, message: said } = await failure(text);
    assert.deepEqual([place?.line, place?.column, place?.key], [1, column, key]);
    assert.match(said, message);
  }
});

Deno.test("loadConfig() takes numbers and truth values in quotes, and those of YAML 1.1", async () => {
  const { values } = await load('snapshot: "7"\nlive_match: "true"\nretro_match: no\nguard: Off\n');
  const { snapshot, live_match, retro_match, guard } = values;
  assert.deepEqual([snapshot, live_match, retro_match, guard], [7, true, false, false]);
  assert.match((await failure('snapshot: "7 days"')).message, /whole number/);
  assert.match((await failure("live_match: perhaps")).message, /true or false/);
  assert.match((await failure('snapshot: ""')).message, /whole number/);
});

Deno.test("loadConfig() names what is in the way of a variable", async () => {
  await assert.rejects(
    load("logging: 3", { BRIDGE_LOGGING_FILE: "true" }),
    (error) => error instanceof ConfigError && error.place?.key === "logging",
  );
});

Deno.test("loadConfig() knows merge keys, takes one document, and knows names of groups", async () => {
  const text = "include: &all\n  types: [a]\nexclude:\n  <<: *all\n  labels: [b]\n";
  const { values } = await load(text);
  assert.deepEqual([values["exclude.types"], values["exclude.labels"]], [["a"], ["b"]]);
  const two = await failure("snapshot: 1\n---\nsnapshot: 2\n");
  assert.match(two.message, /second document/);
  assert.equal(two.place?.line, 2);
  assert.equal((await failure("Logging: {file: true}")).hint, "Did you mean logging?");
});

Deno.test("loadConfig() says which variable is wrong", async () => {
  await assert.rejects(
    loadConfig({ env: (name) => name === "BRIDGE_SNAPSHOT" ? "many" : undefined }),
    (error) => error instanceof ConfigError && error.place?.file === "environment BRIDGE_SNAPSHOT",
  );
});

Deno.test("loadConfig() fails plainly when a named file is missing", async () => {
  await assert.rejects(loadConfig({ file: "/no/such.yaml", env: NO_ENV }), ConfigError);
});

Deno.test("config.yaml.example loads and says just the defaults", async () => {
  const { values } = await load(renderExample());
  const { values: defaults } = await loadConfig({ env: NO_ENV });
  assert.deepEqual({ ...values, "metrics.filename": undefined }, {
    ...defaults,
    "metrics.filename": undefined,
  });
});

Deno.test("loadConfig() answers any text with values or a typed error", async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (text) => {
      try {
        await load(text);
      } catch (error) {
        const all = error instanceof AggregateError ? error.errors : [error];
        for (const one of all) assert.ok(one instanceof BridgeError, String(one));
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("an alias without an anchor is an error of the file, with its line", async () => {
  const error = await failure("snapshot: 3\nsink: *STDOUT\n");
  assert.equal(error.place?.line, 2);
  assert.match(error.message, /STDOUT/);
  assert.match(error.hint ?? "", /quotes/);
});

Deno.test("the password of the bus comes from the environment", async () => {
  const { values } = await load("bus_security: {plain_user: hunter}\n", {
    BRIDGE_BUS_SECURITY_PLAIN_PASSWORD: "a:b",
  });
  assert.equal(values["bus_security.plain_password"], "a:b");
});
