import assert from "node:assert/strict";
import { Argument, Command, Option } from "commander";
import { completionScript, describeTree, SHELLS } from "../../src/cli/completion.ts";

const tree = describeTree([
  new Command("sinks").description("sinks: where `matches` go").addCommand(
    new Command("list").description("list them").option("--json", "as JSON"),
  ),
]);

for (const shell of SHELLS) {
  Deno.test(`completionScript() for ${shell} names every command and option`, () => {
    const script = completionScript(shell, tree);
    for (const word of ["sinks", "list", "json"]) assert.ok(script.includes(word), word);
    assert.ok(!script.includes("`matches`"), "help texts can't run commands");
  });
}

Deno.test("completionScript() for bash offers the fixed values of arguments", async () => {
  const command = new Command("speak").addArgument(new Argument("<how>").choices(["low", "loud"]));
  const script = completionScript("bash", describeTree([command])) +
    `\nCOMP_WORDS=(bridge speak lou); COMP_CWORD=2; _bridge; echo "\${COMPREPLY[*]}"`;
  const { stdout } = await new Deno.Command("bash", { args: ["-c", script] }).output();
  assert.equal(new TextDecoder().decode(stdout).trim(), "loud");
});

Deno.test("completionScript() for bash offers the fixed values of options, after = too", async () => {
  const command = new Command("speak").option("--to <file>", "who").addOption(
    new Option("-v, --voice <how>", "how").choices(["low", "loud"]),
  );
  const script = completionScript("bash", describeTree([command]));
  const complete = async (...words: string[]) => {
    const call = `COMP_WORDS=(bridge ${words.map((word) => `'${word}'`).join(" ")}); ` +
      `COMP_CWORD=${words.length}; _bridge; echo "\${COMPREPLY[*]}"`;
    const { stdout } = await new Deno.Command("bash", { args: ["-c", script + call] }).output();
    return new TextDecoder().decode(stdout).trim();
  };
  assert.equal(await complete("speak", "--voice", ""), "low loud");
  assert.equal(await complete("speak", "-v", "lou"), "loud");
  assert.equal(await complete("speak", "--voice", "="), "low loud");
  assert.equal(await complete("speak", "--voice", "=", "lou"), "loud");
  assert.equal(await complete("speak", "--to", ""), "", "a file, which bash itself offers");
});

Deno.test("completionScript() for bash is accepted by bash and completes nested commands", async () => {
  const script = completionScript("bash", tree) +
    `\nCOMP_WORDS=(bridge sinks li); COMP_CWORD=2; _bridge; echo "\${COMPREPLY[*]}"`;
  const { stdout, code } = await new Deno.Command("bash", { args: ["-c", script] }).output();
  assert.equal(code, 0);
  assert.equal(new TextDecoder().decode(stdout).trim(), "list");
});
