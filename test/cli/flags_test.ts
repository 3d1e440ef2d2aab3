import assert from "node:assert/strict";
import { Command } from "commander";
import fc from "fast-check";
import { type Flag, readFlags } from "../../src/cli/flags.ts";
import { optionOf } from "../../src/cli/options.ts";
import { RETRO_FLAGS } from "../../src/cli/retro_flags.ts";

/** What commander reads; undefined where it refuses the call. */
function byCommander(table: readonly Flag[], args: readonly string[]) {
  const command = new Command("retro").exitOverride().configureOutput({
    writeErr() {},
    writeOut() {},
  }).allowExcessArguments(false);
  for (const flag of table) command.addOption(optionOf(flag));
  try {
    return command.parse(args, { from: "user" }).opts();
  } catch {
    return undefined;
  }
}

const spellings = ({ flags }: Flag) => flags.split(" <")[0]!.split(", ");
const takesValue = ({ flags }: Flag) => flags.includes("<");

Deno.test("readFlags() understands every option of a hunt, in each spelling, as commander does", () => {
  for (const flag of RETRO_FLAGS) {
    for (const name of spellings(flag)) {
      const value = flag.choices?.at(-1) ?? "value";
      const calls = !takesValue(flag)
        ? [[name], [name, name]]
        : name.startsWith("--")
        ? [[name, value], [`${name}=${value}`], [name, value, name, value]]
        : [[name, value]];
      for (const args of calls) {
        const read = readFlags(RETRO_FLAGS, args);
        assert(read !== undefined, args.join(" "));
        assert.deepEqual(read, byCommander(RETRO_FLAGS, args), args.join(" "));
      }
    }
  }
  assert.deepEqual(readFlags(RETRO_FLAGS, []), byCommander(RETRO_FLAGS, []));
});

Deno.test("readFlags() reads what commander reads, or nothing", () => {
  const names = RETRO_FLAGS.flatMap(spellings);
  const choices = RETRO_FLAGS.flatMap(({ choices = [] }) => choices);
  const value = fc.oneof(
    fc.constantFrom(...choices, "-", "--", "", "-x", "--x", "a=b", "=", "example.com", "-1", "-q"),
    fc.string(),
  );
  const name = fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...names) },
    fc.constantFrom("--help", "-h", "--guard", "--no-quiet", "--no-ioc", "-qc", "-cq", "help"),
  );
  const word = fc.oneof(
    fc.tuple(name).map(([name]) => [name]),
    fc.tuple(name, value).map(([name, value]) => [name, value]),
    fc.tuple(name, value).map(([name, value]) => [`${name}=${value}`]),
    fc.tuple(name, value).map(([name, value]) => [`${name}${value}`]),
    fc.tuple(value).map(([value]) => [value]),
  );
  let understood = 0;
  fc.assert(
    fc.property(fc.array(word, { maxLength: 5 }), (words) => {
      const args = words.flat();
      const read = readFlags(RETRO_FLAGS, args);
      if (read === undefined) return;
      understood++;
      assert.deepEqual(read, byCommander(RETRO_FLAGS, args));
    }),
    { numRuns: 3000 },
  );
  assert(understood > 100, `${understood} of 3000 calls were understood`);
});

Deno.test("readFlags() leaves help, errors and what is ambiguous to commander", () => {
  const left = [
    ["--help"],
    ["-h"],
    ["help"],
    ["--ioc"],
    ["--ioc", "--logs"],
    ["--ioc", ""],
    ["--ioc="],
    ["--count=1"],
    ["--unknown"],
    ["--format", "none"],
    ["--tlp", "black"],
    ["-qc", "x"],
    ["--", "--ioc", "x"],
    ["example.com"],
  ];
  for (const args of left) assert.equal(readFlags(RETRO_FLAGS, args), undefined, args.join(" "));
});
