import assert from "node:assert/strict";
import * as fc from "fast-check";
import { compileComparison } from "../../../src/stix/eval/comparison.ts";
import { compileRegex } from "../../../src/stix/eval/regex.ts";
import { requiredLiteral, translateRegex } from "../../../src/stix/eval/regex_syntax.ts";
import { isLike } from "../../../src/stix/eval/test.ts";
import type { JsonObject } from "../../../src/json.ts";
import { type Comparison, parsePattern } from "../../../src/stix/pattern/mod.ts";

const OBJECTS: Record<string, JsonObject> = {
  "0": { type: "ipv4-addr", value: "10.0.0.1" },
  "1": { type: "ipv6-addr", value: "2001:db8::1" },
  "2": {
    type: "network-traffic",
    src_ref: "0",
    dst_ref: "1",
    dst_port: 443,
    protocols: ["tcp", "tls"],
    extensions: { "http-request-ext": { request_header: { "User-Agent": "curl/8" } } },
  },
  "3": { type: "file", magic_hex: "ff00", bad_hex: "xyz", name: "a\nb", parent_ref: "nowhere" },
};

function holds(text: string, lenient = false): boolean {
  const tree = parsePattern(`[${text}]`) as { comparison: Comparison };
  return compileComparison(tree.comparison, { lenient })(OBJECTS);
}

Deno.test("compileComparison() takes numbers in quotes where it is lenient", () => {
  const traffic = "network-traffic:dst_port";
  for (const test of ["= '443'", "!= '80'", "IN ('80', '443')", "> '80'", "NOT = '444'"]) {
    assert(holds(`${traffic} ${test}`, true), test);
  }
  assert(!holds(`${traffic} = '443'`));
  assert(!holds(`${traffic} = ''`, true));
  assert(!holds(`${traffic} > 'x'`, true));
});

Deno.test("compileComparison() joins different objects by AND where it is lenient", () => {
  const address = "ipv4-addr:value = '10.0.0.1'", name = "file:name LIKE 'a%'";
  assert(holds(`${address} AND ${name} AND network-traffic:dst_port = 443`, true));
  assert(!holds(`${address} AND ${name}`));
  assert(!holds(`${address} AND ${name} AND network-traffic:dst_port = 80`, true));
  // What is about one type is about one object.
  assert(!holds(`${address} AND ipv4-addr:value = '10.0.0.2' AND ${name}`, true));
  assert(holds(`(${address} OR ${name}) AND file:name != 'b' AND ${name}`, true));
});

Deno.test("compileComparison() follows references, indexes and quoted keys", () => {
  assert(holds("network-traffic:src_ref.value = '10.0.0.1' AND network-traffic:dst_port = 443"));
  assert(holds("network-traffic:protocols[*] = 'tls' AND network-traffic:protocols[0] != 'tls'"));
  assert(
    holds(
      "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' LIKE 'curl/%'",
    ),
  );
  assert(holds("network-traffic:dst_ref.value ISSUBSET '2001:db8::/32'"));
  assert(!holds("network-traffic:src_ref.value ISSUBSET '2001:db8::/32'"));
  assert(!holds("ipv4-addr:value = '10.0.0.1' AND network-traffic:dst_port = 443"));
  assert(!holds("file:parent_ref.name = 'x'"));
});

Deno.test("compileComparison() knows EXISTS", () => {
  assert(holds("EXISTS network-traffic:dst_port"));
  assert(holds("NOT EXISTS network-traffic:src_port AND network-traffic:dst_port = 443"));
  assert(!holds("EXISTS file:parent_ref"));
  assert(!holds("EXISTS url:value"));
  assert(!holds("NOT EXISTS url:value"));
});

Deno.test("compileComparison() takes no malformed hex for a value", () => {
  assert(holds("file:magic_hex = h'FF00'"));
  assert(!holds("file:bad_hex = 'xyz'"));
  assert(holds("file:bad_hex != 'xyz'"));
});

Deno.test("isLike() agrees with a regular expression", () => {
  const letters = fc.array(fc.constantFrom("a", "b", "%", "_", "é"), { maxLength: 8 });
  fc.assert(fc.property(letters, letters, (text, pattern) => {
    const regex = pattern.map((c) => c === "%" ? ".*" : c === "_" ? "." : c).join("");
    assert.equal(isLike(text, pattern), new RegExp(`^${regex}$`, "su").test(text.join("")));
  }));
});

Deno.test("compileRegex() reads PCRE", () => {
  const cases: readonly (readonly [regex: string, text: string, found: boolean])[] = [
    ["b$", "ab\n", true],
    ["^b", "ab", false],
    ["(?i)EVIL\\.exe", "evil.EXE", true],
    ["(?P<name>x)y", "xy", true],
    ["(?<name>x)y", "xy", true],
    ["[[:digit:]]{3}", "a123", true],
    ["[^]x]", "]x", false],
    ["\\Qa.b\\E", "axb", false],
    ["\\h+x", "\t x", true],
    ["a(?#comment)b", "ab", true],
    ["\\u00e9", "é", true],
    ["[\\w.]+@evil\\.com", "a.b@evil.com", true],
    ["\\_\\/\\-", "_/-", true],
    ["C:\\\\Windows", "C:\\Windows", true],
    ["[\\s]x", "\vx", true],
    ["(?m)^b$", "a\nb\nc", true],
    ["\\Aab\\Z", "ab\n", true],
  ];
  for (const [regex, text, found] of cases) {
    assert.equal(compileRegex(regex)(text), found, regex);
  }
});

Deno.test("compileRegex() refuses by name what has no bounded time", () => {
  for (
    const [regex, what] of [
      ["(?=a)", /lookahead/],
      ["(?<!a)b", /lookbehind/],
      ["(a)\\1", /backreference/],
      ["a++b", /possessive/],
      ["(?>a)b", /atomic/],
      ["a(", /missing/],
    ] as const
  ) {
    assert.throws(() => compileRegex(regex), { name: "InputError", message: what });
  }
});

Deno.test("compileRegex() is done at once where backtracking would take years", () => {
  const text = "a".repeat(20_000);
  assert.equal(compileRegex("^(a+)+$")(`${text}!`), false);
  assert.equal(compileRegex("(a|aa)*c")(text), false);
});

Deno.test("requiredLiteral() names only what every match holds", () => {
  const cases = {
    "^/gate-1\\.php\\?id=[0-9]+$": "/gate-1.php?id=",
    "ab+c?d": "ab",
    "a|b": "",
    "(?i)abc": "",
    "x{0,2}abc(de)*[fg]h": "abc",
  };
  for (const [regex, literal] of Object.entries(cases)) {
    assert.equal(requiredLiteral(translateRegex(regex)), literal, regex);
  }
  const piece = fc.constantFrom(
    "a",
    "b",
    ".",
    "a*",
    "b?",
    "a+",
    "(ab)?",
    "[ab]",
    "\\.",
    "a{0,2}",
    "(a(b))",
    "\\w",
    "[]a]",
  );
  const subject = fc.array(fc.constantFrom("a", "b", ".", "]"), { maxLength: 12 });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), subject, (pieces, letters) => {
      const [regex, text] = [pieces.join(""), letters.join("")];
      const translated = translateRegex(regex);
      if (new RegExp(regex.replaceAll("[]a]", "[\\]a]"), "u").test(text)) {
        assert(text.includes(requiredLiteral(translated)), `${regex} ${text}`);
        assert(compileRegex(regex)(text));
      }
    }),
    { numRuns: 2000 },
  );
});
