import assert from "node:assert/strict";
import * as fc from "fast-check";
import {
  parsePattern,
  PatternError,
  patternProblems,
  printPattern,
} from "../../../src/stix/pattern/mod.ts";
import { pattern } from "./arbitrary.ts";

Deno.test("parsePattern() undoes printPattern() for every tree", () => {
  fc.assert(fc.property(pattern, (tree) => {
    assert.deepEqual(parsePattern(printPattern(tree)), structuredClone(tree));
  }));
});

Deno.test("parsePattern() gives a tree or a PatternError for every text", () => {
  const scraps = fc.constantFrom(
    ..."[ ] ( ) a:b = '1' ' h'00' b'YQ==' t'2024-01-01T00:00:00Z' AND OR NOT IN FOLLOWEDBY WITHIN"
      .split(" "),
    ..."5 -1 .5 SECONDS REPEATS TIMES START STOP EXISTS , . [*] LIKE \\ /* // é true".split(" "),
  );
  const text = fc.oneof(fc.string(), fc.array(scraps).map((parts) => parts.join(" ")));
  fc.assert(fc.property(text, (text) => {
    try {
      parsePattern(text);
    } catch (error) {
      assert(error instanceof PatternError, String(error));
    }
  }));
});

Deno.test("parsePattern() binds AND tighter than OR tighter than FOLLOWEDBY", () => {
  const printed = (text: string) => printPattern(parsePattern(text));
  assert.equal(
    printed("[a:b=1] FOLLOWEDBY ([a:b=2] OR ([a:b=3] AND [a:b=4]))"),
    "[a:b = 1] FOLLOWEDBY [a:b = 2] OR [a:b = 3] AND [a:b = 4]",
  );
  assert.equal(printed("[(a:b=1 OR a:c=2) AND a:d=3]"), "[(a:b = 1 OR a:c = 2) AND a:d = 3]");
  assert.equal(printed("[a:b=1 OR (a:c=2 AND a:d=3)]"), "[a:b = 1 OR a:c = 2 AND a:d = 3]");
  assert.equal(
    printed("([a:b=1] AND [a:b=2]) WITHIN .5 SECONDS"),
    "([a:b = 1] AND [a:b = 2]) WITHIN .5 SECONDS",
  );
});

const ERRORS: readonly (readonly [pattern: string, message: RegExp, column: number])[] = [
  ["file:size = 1280", /Expected "\[" or "\(".*square brackets.*found "file"/, 1],
  ["[file:size = ]", /Expected a constant, found "\]"/, 14],
  ["[file.size = 1]", /Expected ":" after the object type "file", found "\."/, 6],
  ["[file:name MATCHES /.*/]", /Unexpected character "\/"/, 20],
  ["[a:b = 'x", /String without closing quote/, 8],
  ["[a:b = 'x\\y']", /Bad escape/, 10],
  ["[a:b = b'====']", /base64/, 8],
  ["[a:b = t'2024-13-01T00:00:00Z']", /Bad constant: timestamps/, 8],
  ["[foo:bar=1] within 2 seconds", /Expected AND, OR, FOLLOWEDBY.*found "within"/, 13],
  ["[foo:bar=1] WITHIN -5 SECONDS", /positive number of seconds, found "-5"/, 20],
  ["[foo:a-b = 1]", /'a-b' needs quotes/, 6],
  ["[foo:b > true]", /no boolean/, 10],
  ["", /found the end/, 1],
  ["[a:b =\n 'é' AND ]", /line 2, column 10/, 10],
  ['[a:b = "x"]', /single quotes/, 8],
];

Deno.test("parsePattern() says where and what was expected", () => {
  for (const [text, message, column] of ERRORS) {
    assert.throws(() => parsePattern(text), (error) => {
      assert(error instanceof PatternError);
      assert.match(error.message, message);
      assert.equal(error.column, column, text);
      return true;
    });
  }
});

Deno.test("parsePattern() refuses what would exhaust the stack and takes long chains", () => {
  assert.throws(() => parsePattern("(".repeat(50_000)), /nested deeper/);
  assert.throws(() => parsePattern("[" + "(".repeat(50_000)), /nested deeper/);
  const chain = Array.from({ length: 20_000 }, (_, n) => `[a:b = ${n}]`).join(" OR ");
  assert.equal(printPattern(parsePattern(chain)), chain);
});

Deno.test("parsePattern() keeps the editions apart when told", () => {
  const strings = "[a:b = 1] START '2024-01-01T00:00:00Z' STOP '2024-01-02T00:00:00Z'";
  parsePattern(strings);
  parsePattern(strings, { version: "2.0" });
  assert.throws(() => parsePattern(strings, { version: "2.1" }), /Expected a timestamp/);
  parsePattern("[EXISTS a:b]", { version: "2.1" });
  assert.throws(() => parsePattern("[EXISTS a:b]", { version: "2.0" }), PatternError);
  parsePattern("[a:EXISTS = 1]", { version: "2.0" });
  assert.throws(() => parsePattern("[a:EXISTS = 1]"), /'EXISTS' needs quotes/);
});

Deno.test("patternProblems() names what can never match", () => {
  const messages = (text: string) => patternProblems(text).map(({ message }) => message);
  assert.deepEqual(messages("[file:hashes.'SHA-256' = 'f00']"), [
    "'f00' is not a valid SHA-256 hash",
  ]);
  assert.deepEqual(messages("[a:b = 1] WITHIN 5 SECONDS WITHIN 6 SECONDS"), [
    "WITHIN stands twice on one observation",
  ]);
  assert.deepEqual(messages("([a:b = 1]) WITHIN 5 SECONDS WITHIN 6 SECONDS"), []);
  assert.deepEqual(patternProblems("[a:b = t'2023-02-29T00:00:00Z' OR a:c ISSUBSET 'x']"), [
    { message: '"2023-02-29T00:00:00Z" is no valid time', column: 8, harmless: false },
    { message: "'x' is neither an IP address nor a network", column: 48, harmless: false },
  ]);
  assert.deepEqual(messages("[a:b IN (1, 'x')] REPEATS 0 TIMES"), [
    "The members of a set must be of one type",
    "REPEATS needs at least 1 time",
  ]);
});
