import { InputError } from "../../errors.ts";

/** A STIX pattern that isn't one; the message says what was expected and at which column. */
export class PatternError extends InputError {
  override name = "PatternError";
  /** Column from 1, in characters; counted from the start of the pattern's line. */
  readonly column: number;
  /** Line from 1 within the pattern. */
  readonly line: number;
  constructor(what: string, text: string, offset: number, hint?: string) {
    const lineStart = text.lastIndexOf("\n", offset - 1) + 1;
    const line = text.slice(0, lineStart).split("\n").length;
    const column = [...text.slice(lineStart, offset)].length + 1;
    const spot = line === 1 ? `column ${column}` : `line ${line}, column ${column}`;
    super(`${what} (${spot} of the pattern)`, hint === undefined ? {} : { hint });
    this.column = column;
    this.line = line;
  }
}
