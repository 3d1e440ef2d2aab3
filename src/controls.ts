/** Control characters in text that came from elsewhere and is about to reach a terminal or a line format. */

// deno-lint-ignore no-control-regex
const STEERING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const BREAKING = /[\t\n\u2028\u2029]/g;

/** Takes out what could steer a terminal (C0, C1, bidirectional overrides), keeping newline and tab. */
export function stripControls(text: string): string {
  return text.replace(STEERING, "\ufffd");
}

/** The same for text that has to stay on one line: line breaks and tabs become spaces. */
export function oneLine(text: string): string {
  return stripControls(text).replace(BREAKING, " ").toWellFormed();
}
