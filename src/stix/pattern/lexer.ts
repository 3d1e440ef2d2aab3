/**
 * Splits the text of a STIX pattern into tokens as the OASIS grammar's lexer
 * does (cti-stix2-json-schemas, pattern_grammar): longest match, blanks and
 * comments dropped, every other character an error.
 */
import { PatternError } from "./error.ts";

export type TokenType =
  | "string"
  | "integer"
  | "float"
  | "hex"
  | "binary"
  | "timestamp"
  | "boolean"
  | "keyword"
  /** An identifier; with a hyphen it can only be an object type. */
  | "name"
  | "hyphenated name"
  | "sign"
  | "end";

export interface Token {
  readonly type: TokenType;
  /** As written, quotes and prefix included. */
  readonly text: string;
  /** Offset in the pattern, UTF-16 units. */
  readonly start: number;
}

/** Words with a meaning; as property names they must be quoted. */
export const KEYWORDS: ReadonlySet<string> = new Set(
  ("AND OR NOT FOLLOWEDBY LIKE MATCHES ISSUPERSET ISSUBSET EXISTS LAST IN START STOP SECONDS " +
    "WITHIN REPEATS TIMES").split(" "),
);

const BLANKS = /[ \t\r\n\v\f\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/y;
const LINE_COMMENT = /\/\/[^\r\n]*/y;
const NAME = /[a-zA-Z_][a-zA-Z0-9_-]*/y;
const STRING = /'[^'\\]*(?:\\['\\][^'\\]*)*'/y;
const HEX = /h'[0-9A-Fa-f]*'/y;
const BINARY = /b'[A-Za-z0-9+/]+={0,2}'/y;
const TIMESTAMP =
  /t'\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?Z'/y;
const FLOAT = /[+-]?[0-9]*\.[0-9]+/y;
const INTEGER = /[+-]?(?:0|[1-9][0-9]*)/y;
const SIGN = /==|!=|<>|<=|>=|[=<>:.,()[\]*]/y;

function at(regex: RegExp, text: string, start: number): string | undefined {
  regex.lastIndex = start;
  return regex.exec(text)?.[0];
}

const SLASH = 0x2f, QUOTE = 0x27;

/** Offset of the first character that is neither blank nor comment. */
function skip(text: string, start: number): number {
  for (;;) {
    const code = text.charCodeAt(start);
    // Mostly it is this one: no blank is between these two.
    if (code > 0x20 && code < 0x85 && code !== SLASH) return start;
    const dropped = at(BLANKS, text, start) ?? at(LINE_COMMENT, text, start);
    if (dropped !== undefined) {
      start += dropped.length;
    } else if (text.startsWith("/*", start) && text.indexOf("*/", start + 2) >= 0) {
      start = text.indexOf("*/", start + 2) + 2;
    } else {
      return start;
    }
  }
}

/** A literal with a letter before its quote: `h'ff'`, `b'YQ=='`, `t'2024-…Z'`. */
function prefixed(text: string, start: number): Token | undefined {
  if (text[start + 1] !== "'") return undefined;
  const hex = at(HEX, text, start);
  if (hex !== undefined && hex.length % 2 === 1) return { type: "hex", text: hex, start };
  const binary = at(BINARY, text, start);
  if (binary !== undefined && (binary.length - 3) % 4 === 0) {
    return { type: "binary", text: binary, start };
  }
  const timestamp = at(TIMESTAMP, text, start);
  return timestamp === undefined ? undefined : { type: "timestamp", text: timestamp, start };
}

const PREFIXED_FORM: Readonly<Record<string, string>> = {
  h: "hex constants are h'…' with an even number of hex digits",
  b: "binary constants are b'…' with padded base64, not empty",
  t: "timestamps are t'YYYY-MM-DDThh:mm:ss[.fff]Z'",
};

function word(text: string, start: number, name: string): Token {
  if (name === "true" || name === "false") return { type: "boolean", text: name, start };
  if (KEYWORDS.has(name)) return { type: "keyword", text: name, start };
  const form = text[start + name.length] === "'" ? PREFIXED_FORM[name] : undefined;
  if (form !== undefined) throw new PatternError(`Bad constant: ${form}`, text, start);
  return { type: name.includes("-") ? "hyphenated name" : "name", text: name, start };
}

function number(text: string, start: number): Token | undefined {
  const float = at(FLOAT, text, start);
  if (float !== undefined) return { type: "float", text: float, start };
  const integer = at(INTEGER, text, start);
  return integer === undefined ? undefined : { type: "integer", text: integer, start };
}

function badCharacter(text: string, start: number): PatternError {
  const character = String.fromCodePoint(text.codePointAt(start) ?? 0);
  if (character === "'") {
    const end = /\\(?!['\\])/g;
    end.lastIndex = start;
    const escape = end.exec(text);
    return escape === null
      ? new PatternError("String without closing quote", text, start)
      : new PatternError("Bad escape in a string: only \\' and \\\\ are known", text, escape.index);
  }
  if (character === '"') {
    return new PatternError('Unexpected "\\"": strings stand in single quotes', text, start);
  }
  return new PatternError(`Unexpected character ${JSON.stringify(character)}`, text, start);
}

/** By its first character, which tells what it can be: regular expressions are tried for that only. */
function tokenAt(text: string, start: number): Token {
  const code = text.charCodeAt(start);
  if (beginsName(code)) return prefixed(text, start) ?? word(text, start, at(NAME, text, start)!);
  const token = beginsNumber(code) ? number(text, start) : undefined;
  if (token !== undefined) return token;
  const isString = code === QUOTE;
  const found = isString ? at(STRING, text, start) : at(SIGN, text, start);
  if (found === undefined) throw badCharacter(text, start);
  return { type: isString ? "string" : "sign", text: found, start };
}

/** A letter or `_`. */
function beginsName(code: number): boolean {
  const small = code | 0x20;
  return (small >= 0x61 && small <= 0x7a) || code === 0x5f;
}

/** A digit, `+`, `-` or `.`, which is a sign, too. */
function beginsNumber(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || code === 0x2b || code === 0x2d || code === 0x2e;
}

/** The tokens of a pattern; the last one has type `end`. Throws `PatternError`. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let start = skip(text, 0);
  while (start < text.length) {
    const token = tokenAt(text, start);
    tokens.push(token);
    start = skip(text, start + token.text.length);
  }
  tokens.push({ type: "end", text: "", start: text.length });
  return tokens;
}
