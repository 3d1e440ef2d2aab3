/** The command tree, as commander reads it. */
import { Command, CommanderError, Help, type Option } from "commander";
import { VERSION } from "../version.ts";
import { type CliContext, EXIT, withExamples } from "./context.ts";
import { COMMANDS } from "./registry.ts";
import { useColor } from "./terminal.ts";

/** Runs the command that is called, or shows help; errors of the call are told, and exit with 2. */
export async function runTree(args: readonly string[], context: CliContext): Promise<void> {
  try {
    const program = await buildProgram(args, context);
    if (args[0] === "help") showHelp(program, args.slice(1).filter((arg) => !arg.startsWith("-")));
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    context.exitWith(error.exitCode === 0 ? EXIT.matched : EXIT.error);
  }
}

/** `help pattern check` is `pattern check --help`; commander would look at the first word alone. */
function showHelp(program: Command, words: readonly string[]): never {
  let command = program;
  for (const word of words.join() === "help" ? [] : words) {
    const named = command.commands.find((one) => one.name() === word);
    command = named ?? command.error(`error: unknown command '${word}'`);
  }
  return command.help();
}

/** The whole tree by name; only the command that is called is loaded. */
async function buildProgram(args: readonly string[], context: CliContext): Promise<Command> {
  const program = withExamples(
    new Command("bridge")
      .description("Connects threat intelligence to network telemetry.")
      .version(`bridge ${VERSION}`, "-V, --version", "print the version")
      .helpOption("-h, --help", "show help")
      .configureHelp({ showGlobalOptions: false, optionDescription })
      .configureOutput(outputOptions(context))
      .exitOverride(),
    [
      ["hunt for a domain in the logs of this machine", "bridge retro --ioc example.com"],
      [
        "hunt for a list in a folder, count the hits",
        "bridge retro --ioc-file iocs.txt --logs /var/log/suricata --count",
      ],
    ],
  );
  const called = args.find((arg) => !arg.startsWith("-"));
  const named = called === "help" ? args[args.indexOf(called) + 1] : called;
  for (const entry of COMMANDS) {
    if (entry.name === named) {
      const { command } = await entry.load();
      program.addCommand(inherit(command(context), program));
    } else {
      program.command(entry.name).description(entry.summary);
    }
  }
  return program;
}

/** An option's help; that a list is empty by default goes without saying. */
function optionDescription(option: Option): string {
  return Help.prototype.optionDescription(option).replace(" (default: none)", "");
}

/** A command made on its own takes over the program's ways of writing and ending. */
function inherit(command: Command, program: Command): Command {
  command.copyInheritedSettings(program);
  for (const child of command.commands) inherit(child, command);
  return command;
}

function outputOptions(context: CliContext) {
  return {
    getOutHasColors: () => useColor("auto", Deno.stdout.isTerminal(), context.env),
    getErrHasColors: () => useColor("auto", Deno.stderr.isTerminal(), context.env),
    outputError: (text: string, write: (text: string) => void) =>
      write(text.replace(/^error: /, "bridge: ")),
  };
}
