/**
 * Regular expressions that take going back (lookaround, backreferences), by the engine
 * of the platform. Its time has no bound, so it is for a person's own files alone.
 */
import { InputError } from "../../errors.ts";

const NOT_ALL = "[\\s\\S]";
const END = `(?!${NOT_ALL})`;
/** Outside of `[…]`, where JavaScript reads otherwise. */
const ESCAPES: Readonly<Record<string, string>> = {
  A: `(?<!${NOT_ALL})`,
  z: END,
  Z: `(?=\\n?${END})`,
  s: "[\\t\\n\\v\\f\\r ]",
  S: "[^\\t\\n\\v\\f\\r ]",
  h: "[\\t ]",
  R: "(?:\\r\\n|[\\n\\v\\f\\r])",
  N: "[^\\n]",
  a: "\\x07",
  e: "\\x1b",
};
const IN_CLASS: Readonly<Record<string, string>> = {
  s: "\\t\\n\\v\\f\\r ",
  h: "\\t ",
  a: "\\x07",
  e: "\\x1b",
};
const POSIX: Readonly<Record<string, string>> = {
  alpha: "a-zA-Z",
  digit: "0-9",
  alnum: "a-zA-Z0-9",
  upper: "A-Z",
  lower: "a-z",
  space: "\\t\\n\\v\\f\\r ",
  punct: "!-\\/:-@\\[-`\\{-~",
  xdigit: "0-9a-fA-F",
  word: "\\w",
};

function sticky(regex: RegExp, text: string, at: number): RegExpExecArray | null {
  regex.lastIndex = at;
  return regex.exec(text);
}

/** One escape in JavaScript's spelling, and its length in the original. */
function escape(text: string, at: number, inside: boolean): [string, number] {
  const code = sticky(/\\x\{([0-9a-fA-F]+)\}/y, text, at);
  if (code !== null) return [`\\u{${code[1]}}`, code[0].length];
  const character = String.fromCodePoint(text.codePointAt(at + 1) ?? 0x5c);
  const length = 1 + character.length;
  const known = (inside ? IN_CLASS : ESCAPES)[character];
  if (known !== undefined) return [known, length];
  if (/[a-zA-Z0-9]/.test(character)) return [`\\${character}`, length];
  const isSyntax = /[\^$\\.*+?()[\]{}|/]/.test(character) || (inside && character === "-");
  return [isSyntax ? `\\${character}` : character, length];
}

/** A character class from its `[` on. */
function characterClass(text: string, at: number): [string, number] {
  const open = sticky(/\[\^?\]?/y, text, at)![0];
  let out = open.endsWith("]") ? `${open.slice(0, -1)}\\]` : open;
  let next = at + open.length;
  while (next < text.length && text[next] !== "]") {
    const posix = sticky(/\[:([a-z]+):\]/y, text, next);
    if (posix !== null && POSIX[posix[1]!] !== undefined) {
      out += POSIX[posix[1]!];
      next += posix[0].length;
    } else if (text[next] === "\\") {
      const [escaped, length] = escape(text, next, true);
      out += escaped;
      next += length;
    } else {
      out += text[next] === "[" ? "\\[" : text[next];
      next++;
    }
  }
  return [`${out}]`, next + 1 - at];
}

/** The expression in JavaScript's spelling, with its flags. */
function translate(text: string): { readonly source: string; readonly flags: string } {
  const inline = /^\(\?([ims]+)\)/.exec(text);
  const flags = [...new Set(inline?.[1] ?? "")].join("");
  let out = "";
  for (let at = inline?.[0].length ?? 0; at < text.length;) {
    const comment = sticky(/\(\?#[^)]*\)/y, text, at);
    const named = sticky(/\(\?P<|\(\?P=(\w+)\)/y, text, at);
    if (comment !== null) {
      at += comment[0].length;
    } else if (named !== null) {
      out += named[1] === undefined ? "(?<" : `\\k<${named[1]}>`;
      at += named[0].length;
    } else if (text[at] === "\\") {
      const [escaped, length] = escape(text, at, false);
      out += escaped;
      at += length;
    } else if (text[at] === "[") {
      const [translated, length] = characterClass(text, at);
      out += translated;
      at += length;
    } else if (text[at] === "$" && !flags.includes("m")) {
      out += ESCAPES["Z"];
      at++;
    } else {
      const isPlain = text[at] === "}" || text[at] === "]" || text[at] === "{";
      const repetition = sticky(/\{\d+(?:,\d*)?\}/y, text, at)?.[0];
      out += repetition ?? (isPlain ? `\\${text[at]}` : text[at]);
      at += repetition?.length ?? 1;
    }
  }
  return { source: out, flags };
}

/** As `compileRegex`, in time without bound. Throws `InputError` for what it can't do either. */
export function compileBacktracking(text: string): (subject: string) => boolean {
  const { source, flags } = translate(text);
  try {
    const regex = new RegExp(source, `u${flags}`);
    return (subject) => regex.test(subject);
  } catch {
    throw new InputError(`This regular expression can't be run: MATCHES '${text}'`, {
      hint: "Atomic groups, recursion, conditions and (?x) are not supported.",
    });
  }
}
