import type { Command } from "commander";

/** Exit codes, as grep has them. */
export const EXIT = {
  /** Something matched, or the command did its work. */
  matched: 0,
  /** All went well and nothing matched. */
  nothing: 1,
  /** Something went wrong, in part or in whole. */
  error: 2,
} as const;

/** What a command gets from the program around it. */
export interface CliContext {
  /** Aborts at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  readonly env: (name: string) => string | undefined;
  /** Writes data to standard output; rejects with `ClosedPipe` when the reader is gone. */
  readonly print: (text: string) => Promise<void>;
  /** Says how the command ended; without it the exit code is 0. */
  readonly exitWith: (code: number) => void;
}

/** A command's own file exports this as `command`. */
export interface CommandModule {
  readonly command: CommandBuilder;
}

/** Builds the commander command with options, help, examples and action. */
export type CommandBuilder = (context: CliContext) => Command;

/** Adds examples under a command's help, one a line: what it does, then the call. */
export function withExamples<C extends { addHelpText(position: "after", text: string): unknown }>(
  command: C,
  examples: readonly (readonly [does: string, call: string])[],
): C {
  const lines = examples.flatMap(([does, call]) => [`  # ${does}`, `  ${call}`, ""]);
  command.addHelpText("after", `\nExamples:\n${lines.join("\n").trimEnd()}`);
  return command;
}
