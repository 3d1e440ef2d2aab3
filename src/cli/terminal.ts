/** What standard error and standard output are, and what may be written to them. */

/** `--color`. */
export type ColorChoice = "auto" | "always" | "never";

/** Whether to colour what goes to a stream: only on a terminal, and never against NO_COLOR (no-color.org). */
export function useColor(
  choice: ColorChoice,
  isTerminal: boolean,
  env: (name: string) => string | undefined,
): boolean {
  if (choice !== "auto") return choice === "always";
  return isTerminal && !env("NO_COLOR") && env("TERM") !== "dumb";
}

// deno-lint-ignore no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Takes out what could steer a terminal (C0, C1, bidirectional overrides), keeping newline and tab. */
export function stripControls(text: string): string {
  return text.replace(CONTROLS, "\ufffd");
}
