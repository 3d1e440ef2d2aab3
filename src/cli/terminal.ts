/** What standard error and standard output are, and what may be written to them. */

/** `--color`. */
export type ColorChoice = "auto" | "always" | "never";

/** Whether to colour what goes to a stream: unless told, on a terminal without NO_COLOR (no-color.org). */
export function useColor(
  choice: ColorChoice,
  isTerminal: boolean,
  env: (name: string) => string | undefined,
): boolean {
  if (choice !== "auto") return choice === "always";
  return isTerminal && !env("NO_COLOR") && env("TERM") !== "dumb";
}

/** `1 hit`, `2 hits`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
