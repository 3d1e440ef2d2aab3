import { Command, CommanderError, Help, type Option } from "commander";
import { VERSION } from "../version.ts";
import { BridgeError, ClosedPipe, isClosedPipe } from "../errors.ts";
import { reasonOf } from "../system_error.ts";
import { type CliContext, type CommandModule, EXIT, withExamples } from "./context.ts";
import { type CommandEntry, COMMANDS } from "./registry.ts";
import { describeError } from "./report.ts";
import { useColor } from "./terminal.ts";

/** Runs one call of the program and resolves with its exit code; never rejects. */
export async function runCli(args: readonly string[]): Promise<number> {
  const variables = new Map(Object.entries(Deno.env.toObject()));
  const env = (name: string) => variables.get(name) || undefined;
  const { signal, dispose } = abortOnSignals();
  let code: number = EXIT.matched;
  const context: CliContext = { signal, env, print, exitWith: (given) => code = given };
  try {
    const program = await buildProgram(args, context);
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (isClosedPipe(error)) return EXIT.matched;
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.error;
    console.error(describeError(error, env("BRIDGE_DEBUG") !== undefined));
    return EXIT.error;
  } finally {
    dispose();
  }
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
      const { command } = await loadCommand(entry);
      program.addCommand(inherit(command(context), program));
    } else {
      program.command(entry.name).description(entry.summary);
    }
  }
  return program;
}

/**
 * V8's code cache (of `deno compile`) is written by the first start that loads a command, and
 * never again: the code of a hunt has to be in it, whichever command was first.
 */
async function loadCommand(entry: CommandEntry): Promise<CommandModule> {
  if (entry.name === "retro") return await entry.load();
  const [module] = await Promise.all([entry.load(), import("./commands/retro.ts")]);
  return module;
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

async function print(text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let done = 0; done < bytes.length;) done += await Deno.stdout.write(bytes.subarray(done));
  } catch (error) {
    if (isClosedPipe(error)) throw new ClosedPipe();
    throw new BridgeError(`Can't write to standard output: ${reasonOf(error)}`, { cause: error });
  }
}

/** First SIGINT or SIGTERM: abort. Second: the process ends at once. */
function abortOnSignals(): { signal: AbortSignal; dispose: () => void } {
  const controller = new AbortController();
  const names: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  const onSignal = (name: Deno.Signal) => () => {
    if (controller.signal.aborted) Deno.exit(name === "SIGINT" ? 130 : 143);
    controller.abort(new DOMException(`stopped by ${name}`, "AbortError"));
  };
  const listeners = names.map((name) => [name, onSignal(name)] as const);
  for (const [name, listener] of listeners) Deno.addSignalListener(name, listener);
  const dispose = () => {
    for (const [name, listener] of listeners) Deno.removeSignalListener(name, listener);
  };
  return { signal: controller.signal, dispose };
}
