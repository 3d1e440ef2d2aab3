import assert from "node:assert/strict";
import { Command } from "commander";
import { boundOptions, boundsOfConfig, boundsOfOptions } from "../../src/cli/bus_bounds.ts";
import { defaultsOf } from "../../src/config/config.ts";
import { CONFIG_KEYS } from "../../src/config/keys.ts";

function parsed(...args: string[]) {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  for (const option of boundOptions()) command.addOption(option);
  return boundsOfOptions(command.parse(args, { from: "user" }).opts());
}

Deno.test("bridge bus and run --bus embedded are bounded alike, unless told otherwise", () => {
  const config = defaultsOf(CONFIG_KEYS);
  assert.deepEqual(parsed(), boundsOfConfig(config));
  const flags = ["--retention=7", "--max-store=2GiB", "--max-subscribers=3", "--max-queued=4KiB"];
  assert.deepEqual(
    parsed(...flags, "--max-queued-each=5kB"),
    boundsOfConfig({
      ...config,
      "embedded.retention": 7,
      "embedded.max_store": 2 ** 31,
      "embedded.max_subscribers": 3,
      "embedded.max_queued": 4096,
      "embedded.max_queued_each": 5000,
    }),
  );
});

Deno.test("bridge bus refuses bounds that are none", () => {
  for (const wrong of ["--retention=0", "--max-subscribers=-1", "--max-store=much"]) {
    assert.throws(() => parsed(wrong), /write a (whole number from [12]|size)/);
  }
});
