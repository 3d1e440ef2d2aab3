/**
 * From PCRE's spelling of regular expressions to RE2's. What differs is translated;
 * what no engine with bounded time can do is refused with its name.
 */
import { InputError } from "../../errors.ts";

/** Escapes that RE2 lacks or reads otherwise, outside and inside of `[…]`. */
const OUTSIDE: Readonly<Record<string, string>> = {
  Z: "(?:\\n?\\z)",
  h: "[\\t \\x{a0}\\x{1680}\\x{180e}\\x{2000}-\\x{200a}\\x{202f}\\x{205f}\\x{3000}]",
  H: "[^\\t \\x{a0}\\x{1680}\\x{180e}\\x{2000}-\\x{200a}\\x{202f}\\x{205f}\\x{3000}]",
  R: "(?:\\r\\n|[\\n\\v\\f\\r\\x{85}\\x{2028}\\x{2029}])",
  N: "[^\\n]",
  s: "[\\t\\n\\v\\f\\r ]",
  S: "[^\\t\\n\\v\\f\\r ]",
  e: "\\x1b",
};
const INSIDE: Readonly<Record<string, string>> = {
  b: "\\x08",
  h: "\\t \\x{a0}\\x{1680}\\x{180e}\\x{2000}-\\x{200a}\\x{202f}\\x{205f}\\x{3000}",
  s: "\\t\\n\\v\\f\\r ",
  e: "\\x1b",
};

/** Groups that look around or forbid going back: beyond any engine with bounded time. */
const REFUSED: readonly (readonly [RegExp, string])[] = [
  [/\(\?=|\(\?!/y, "lookahead"],
  [/\(\?<=|\(\?<!/y, "lookbehind"],
  [/\(\?>/y, "atomic group"],
  [/\(\?\(/y, "conditional group"],
  [/\(\?(?:R|\d|&|P>)/y, "recursion"],
  [/\(\?P=/y, "backreference"],
  [/\(\?[a-wyz-]*x/y, "extended syntax (?x)"],
  [/\\[1-9]/y, "backreference"],
  [/\\[gk]/y, "backreference"],
  [/\\[GKCX]/y, "special escape"],
];
const POSSESSIVE = /[*+?}]\+/y;

function refuse(what: string, text: string): never {
  throw new InputError(`A ${what} can't be matched in bounded time: MATCHES '${text}'`, {
    hint: "Write the expression without it (RE2 syntax).",
  });
}

function sticky(regex: RegExp, text: string, at: number): string | undefined {
  regex.lastIndex = at;
  return regex.exec(text)?.[0];
}

/** One escape sequence in RE2's spelling, and its length in the original. */
function escape(text: string, at: number, inside: boolean): [string, number] {
  const unicode = sticky(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/y, text, at);
  if (unicode !== undefined) return [`\\x{${unicode.slice(2)}}`, unicode.length];
  const byte = sticky(/\\x([0-9a-fA-F]?)(?![0-9a-fA-F{])/y, text, at);
  if (byte !== undefined) return [`\\x{${byte.slice(2) || "0"}}`, byte.length];
  const control = sticky(/\\c[A-Za-z]/y, text, at);
  if (control !== undefined) {
    return [`\\x{${(control.charCodeAt(2) & 31).toString(16)}}`, 3];
  }
  const character = String.fromCodePoint(text.codePointAt(at + 1) ?? 0x5c);
  const known = (inside ? INSIDE : OUTSIDE)[character];
  if (known !== undefined) return [known, 2];
  // A backslash before a character with no meaning is dropped.
  if (!/[\x21-\x7e]/.test(character) || character === "_") {
    return [character, 1 + character.length];
  }
  return [`\\${character}`, 2];
}

/** A character class from its `[` on. */
function characterClass(text: string, at: number): [string, number] {
  const open = sticky(/\[\^?\]?/y, text, at)!;
  let out = open;
  let next = at + open.length;
  while (next < text.length && text[next] !== "]") {
    const posix = sticky(/\[:\^?[a-z]+:\]/y, text, next);
    if (posix !== undefined) {
      out += posix;
      next += posix.length;
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

/** Rewrites PCRE syntax as RE2's. Throws `InputError` for what RE2 can't do. */
export function translateRegex(text: string): string {
  const multiline = /\(\?[a-z]*m/.test(text);
  let out = "";
  for (let at = 0; at < text.length;) {
    for (const [regex, what] of REFUSED) if (sticky(regex, text, at)) refuse(what, text);
    const literal = sticky(/\\Q[^]*?(?:\\E|$)/y, text, at);
    const comment = sticky(/\(\?#[^)]*\)/y, text, at);
    if (literal !== undefined) {
      out += literal.endsWith("\\E") ? literal : `${literal}\\E`;
      at += literal.length;
    } else if (comment !== undefined) {
      at += comment.length;
    } else if (text[at] === "\\") {
      const [escaped, length] = escape(text, at, false);
      out += escaped;
      at += length;
    } else if (text[at] === "[") {
      const [translated, length] = characterClass(text, at);
      out += translated;
      at += length;
    } else if (text[at] === "$" && !multiline) {
      // PCRE's $ also stands before a newline that ends the text.
      out += "(?:\\n?\\z)";
      at++;
    } else {
      if (sticky(POSSESSIVE, text, at)) refuse("possessive quantifier", text);
      out += text[at++];
    }
  }
  return out;
}

/** End of the group or class that begins at `at`. */
function skipGroup(text: string, at: number): number {
  let depth = 0;
  for (let n = at; n < text.length; n++) {
    if (text[n] === "\\") n++;
    else if (text[n] === "[") n = text.indexOf("]", n + 2);
    else if (text[n] === "(") depth++;
    else if (text[n] === ")" && --depth === 0) return n + 1;
    if (n < 0) return text.length;
    if (depth === 0) return n + 1;
  }
  return text.length;
}

/**
 * The longest text that every match of a translated expression holds as it stands;
 * empty if none can be told. Careful rather than clever: alternatives, flags and
 * `\Q…\E` make it give up.
 */
export function requiredLiteral(regex: string): string {
  if (/\||\(\?[a-zA-Z]|\\[QE]/.test(regex)) return "";
  let best = "", run = "";
  const finish = () => {
    if (run.length > best.length) best = run;
    run = "";
  };
  for (let at = 0; at < regex.length;) {
    const character = regex[at]!;
    const escaped = /^\\([^a-zA-Z0-9])/.exec(regex.slice(at, at + 2))?.[1];
    if (escaped !== undefined || /[^\\()[\]{}.*+?^$|]/.test(character)) {
      const length = escaped === undefined ? 1 : 2;
      const optional = /^[*?{]/.test(regex.slice(at + length, at + length + 1));
      if (optional) finish();
      else run += escaped ?? character;
      at += length;
      continue;
    }
    finish();
    if (character === "(" || character === "[") at = skipGroup(regex, at);
    else if (character === "{") at = Math.max(at + 1, regex.indexOf("}", at) + 1);
    else if (character === "\\") {
      const special = /^\\(?:x\{[0-9a-fA-F]+\}|x[0-9a-fA-F]{2}|[pP]\{[^}]*\}|[pP].|[0-7]{1,3}|.)/s;
      at += special.exec(regex.slice(at))?.[0].length ?? 1;
    } else at++;
  }
  finish();
  return best;
}
