import { Argument, Command } from "commander";
import { type CliContext, withExamples } from "../context.ts";
import { completionScript, describeTree, SHELLS } from "../completion.ts";
import { COMMANDS } from "../registry.ts";
import { UsageError } from "../../errors.ts";

/** `bridge completions`: a completion script made from the command tree itself. */
export function command(context: CliContext): Command {
  return withExamples(
    new Command("completions")
      .description("Print a completion script for a shell.")
      // Not required to commander, whose error would not say what to write.
      .addArgument(new Argument("[shell]", "your shell").choices(SHELLS))
      .action(async (shell?: typeof SHELLS[number]) => {
        if (shell === undefined) {
          throw new UsageError(`Name your shell: ${SHELLS.join(", ")}`, {
            hint: "For example: bridge completions bash > /etc/bash_completion.d/bridge",
          });
        }
        const commands = await Promise.all(
          COMMANDS.map(async (entry) => (await entry.load()).command(context)),
        );
        await context.print(completionScript(shell, describeTree(commands)));
      }),
    [
      ["bash", "bridge completions bash > /etc/bash_completion.d/bridge"],
      ["zsh", 'bridge completions zsh > "${fpath[1]}/_bridge"'],
      ["fish", "bridge completions fish > ~/.config/fish/completions/bridge.fish"],
    ],
  );
}
