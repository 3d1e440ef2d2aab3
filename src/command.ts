import { split } from "shlex";
import { ConfigError } from "./errors.ts";

/** What fills the placeholders of a command. Untrusted. */
export interface Filling {
  readonly ioc: string;
  readonly matchType: string;
}

/** A command line taken apart once, before any value is known. */
export interface CommandLine {
  readonly program: string;
  /** Where the program is, once it was looked for. */
  readonly path?: string;
  /** Whether the arguments depend on the match. */
  readonly hasPlaceholders: boolean;
  /** The arguments for one match; the same number whatever the values are. */
  fill(values: Filling): string[];
}

/** A value that must not stand where the command line wants it; the command is not started. */
export class UnsafeValue extends Error {
  override name = "UnsafeValue";
}

const PLACEHOLDER = /%(ioc|matchtype)/g;
/** Linux takes no longer argument (MAX_ARG_STRLEN, less its final NUL). */
const LONGEST_ARGUMENT = 128 * 1024 - 1;

/**
 * Takes a command apart as a POSIX shell splits words (and as the ancestor's
 * Python does), without a shell: nothing is expanded, nothing is redirected.
 * `%ioc` and `%matchtype` are filled in afterwards, so a value is always one
 * argument or a part of one.
 *
 * @throws ConfigError when quotes do not match or nothing is left
 */
export function parseCommand(text: string, key: string): CommandLine {
  const [program, ...args] = splitWords(text, key);
  if (program === undefined || program === "") {
    throw new ConfigError("The command is empty", { place: { key } });
  }
  if (program.search(PLACEHOLDER) >= 0) {
    throw new ConfigError("A placeholder can't name the program", {
      place: { key },
      hint: "Write the program's name, and placeholders among its arguments.",
    });
  }
  return {
    program,
    hasPlaceholders: args.some((arg) => arg.search(PLACEHOLDER) >= 0),
    fill: ({ ioc, matchType }) => {
      const values: Readonly<Record<string, string>> = { ioc, matchtype: matchType };
      return args.map((arg, at) => {
        const filled = arg.replace(PLACEHOLDER, (_, name: string) => values[name]!);
        refuseUnsafe(arg, filled, args.slice(0, at).includes("--"));
        return filled;
      });
    },
  };
}

/** Splitting can't protect from a value that itself looks like an option, so the command is not run. */
function refuseUnsafe(arg: string, filled: string, afterOptions: boolean): void {
  if (filled === arg) return;
  if (filled.includes("\0")) throw new UnsafeValue("the IoC holds a NUL");
  if (new TextEncoder().encode(filled).length > LONGEST_ARGUMENT) {
    throw new UnsafeValue("the IoC is too long for an argument");
  }
  if (filled.startsWith("-") && !arg.startsWith("-") && !afterOptions) {
    throw new UnsafeValue("the IoC would be taken for an option");
  }
}

function splitWords(text: string, key: string): string[] {
  try {
    return split(text);
  } catch (error) {
    throw new ConfigError("A quote in the command does not end", {
      place: { key },
      hint: "Write ' and \" in pairs, or a backslash before a single one.",
      cause: error,
    });
  }
}

/**
 * The command with the path of its program, which the system itself does not find
 * without PATH; undefined if it is nowhere.
 */
export function locateCommand(
  command: CommandLine,
  path: string | undefined,
): CommandLine | undefined {
  const found = findProgram(command.program, path);
  return found === undefined ? undefined : { ...command, path: found };
}

/** Where a program is, searched as execvp does; undefined if it is nowhere. */
export function findProgram(program: string, path: string | undefined): string | undefined {
  const candidates = program.includes("/")
    ? [program]
    : (path ?? "/usr/bin:/bin").split(":").map((folder) => `${folder || "."}/${program}`);
  return candidates.find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && (mode === null || (mode & 0o111) !== 0);
  } catch {
    return false;
  }
}
