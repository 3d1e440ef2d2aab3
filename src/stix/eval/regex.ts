/**
 * `MATCHES`: regular expressions written by strangers, run by an engine whose
 * time grows with the length of the text only.
 */
import { RE2JS } from "re2js";
import { InputError } from "../../errors.ts";
import { requiredLiteral, translateRegex } from "./regex_syntax.ts";

/**
 * Time grows with the length of the text times the size of the program, which counted
 * repetitions blow up: `\p{L}{1,1000}` alone has 2,000 steps.
 */
const LARGEST_PROGRAM = 2500;

/** Tests whether the expression is found anywhere in a text. Throws `InputError` if it can't be run. */
export function compileRegex(text: string): (subject: string) => boolean {
  const translated = translateRegex(text);
  const regex = compile(translated);
  if (typeof regex === "string") throw new InputError(badRegex(text, regex));
  const size = regex.programSize();
  if (size > LARGEST_PROGRAM) {
    throw new InputError(
      `The repetitions in MATCHES '${text}' make ${size} steps, at most ${LARGEST_PROGRAM} are run`,
    );
  }
  const literal = requiredLiteral(translated);
  if (literal === "") return (subject) => regex.test(subject);
  return (subject) => subject.includes(literal) && regex.test(subject);
}

/** The program, or why there is none. */
function compile(translated: string): RE2JS | string {
  try {
    return RE2JS.compile(translated);
  } catch (error) {
    return (error as Error).message.replace(/^error parsing regexp: /, "");
  }
}

const badRegex = (text: string, reason: string) =>
  `Bad regular expression in MATCHES '${text}': ${reason}`;

/** What keeps a text from being a regular expression; undefined if it is one, even one that can't be run. */
export function regexProblem(text: string): string | undefined {
  try {
    const regex = compile(translateRegex(text));
    return typeof regex === "string" ? badRegex(text, regex) : undefined;
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
