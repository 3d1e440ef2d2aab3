import assert from "node:assert/strict";
import * as fc from "fast-check";
import { KEYWORDS, type Token, tokenize, type TokenType } from "../../../src/stix/pattern/lexer.ts";
import { PatternError } from "../../../src/stix/pattern/mod.ts";

const written = (type: TokenType, ...texts: readonly string[]) =>
  fc.constantFrom(...texts).map((text) => ({ type, text }));
const matching = (type: TokenType, form: RegExp) =>
  fc.stringMatching(form).map((text) => ({ type, text }));

const token = fc.oneof(
  matching("string", /^'([^'\\]|\\'|\\\\){0,6}'$/),
  matching("integer", /^[+-]?(0|[1-9][0-9]{0,3})$/),
  matching("float", /^[+-]?[0-9]{0,3}\.[0-9]{1,3}$/),
  matching("hex", /^h'([0-9A-Fa-f]{2}){0,3}'$/),
  written("binary", "b'YQ=='", "b'YWI='", "b'YWJj'"),
  written("timestamp", "t'2024-01-31T23:59:60Z'", "t'2024-01-01T00:00:00.5Z'"),
  written("boolean", "true", "false"),
  written("keyword", ...KEYWORDS),
  matching("name", /^[a-zA-Z_][a-zA-Z0-9_]{0,4}$/)
    .filter(({ text }) => !KEYWORDS.has(text) && text !== "true" && text !== "false"),
  matching("hyphenated name", /^[a-zA-Z_][a-z]{0,3}-[a-zA-Z0-9_-]{0,3}$/),
  written("sign", ..."== != <> <= >= = < > : . , ( ) [ ] *".split(" ")),
);
/** All that may stand between tokens. */
const gap = fc.array(
  fc.constantFrom(
    ...[..." \t\r\n\v\f\u0085\u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000"],
    ...["// to the end ' of the line\n", "/* ' */", "/**/"],
  ),
  { minLength: 1, maxLength: 3 },
).map((parts) => parts.join(""));

Deno.test("tokenize() finds tokens of every type between blanks and comments of every kind", () => {
  fc.assert(
    fc.property(gap, fc.array(fc.tuple(token, gap), { maxLength: 12 }), (first, tokens) => {
      let text = first;
      const expected: Token[] = [];
      for (const [one, behind] of tokens) {
        expected.push({ ...one, start: text.length });
        text += one.text + behind;
      }
      expected.push({ type: "end", text: "", start: text.length });
      assert.deepEqual(tokenize(text), expected);
    }),
  );
});

Deno.test("tokenize() tells by each first character what can begin with it", () => {
  const signs = "=<>:.,()[]*";
  for (let code = 0; code < 0x3100; code++) {
    const character = String.fromCharCode(code);
    let types: readonly string[];
    try {
      types = tokenize(character).map(({ type }) => type);
    } catch (error) {
      assert.ok(error instanceof PatternError);
      types = [];
    }
    const expected = /[a-z_]/i.test(character)
      ? ["name", "end"]
      : /[0-9]/.test(character)
      ? ["integer", "end"]
      : signs.includes(character)
      ? ["sign", "end"]
      : /\s|\u0085/.test(character) && character !== "\ufeff"
      ? ["end"]
      : [];
    assert.deepEqual(types, expected, `U+${code.toString(16)}`);
  }
});
