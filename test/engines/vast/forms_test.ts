import assert from "node:assert/strict";
import fc from "fast-check";
import { scalarPredicates, styleFor } from "../../../src/engines/vast/forms.ts";
import { isAskable, quote } from "../../../src/engines/vast/predicates.ts";
import { collectUnits } from "../../../src/engines/vast/units.ts";
import { parseQuery } from "../../recorded_node/query.ts";
import { indicatorSet } from "./indicators.ts";

Deno.test("quote() writes any askable text as one string of the query language", () => {
  const hostile = fc.string({
    unit: fc.constantFrom('"', "\\", "]", "|", "&", ",", "x", " ", "ü"),
  });
  fc.assert(fc.property(fc.oneof(fc.string({ unit: "grapheme" }), hostile), (text) => {
    fc.pre(isAskable(text));
    assert.deepEqual(parseQuery(`net.uri in [${quote(text)}]`), {
      type: "predicate",
      extractor: { type: "field", name: "net.uri" },
      operator: "in",
      value: { type: "list", items: [{ type: "string", value: text }] },
    });
  }));
});

Deno.test("isAskable() refuses what VAST can't parse", () => {
  assert.deepEqual(["", "a\nb", "a\x00b", "a\x7fb", "a b"].map(isAskable), [
    false,
    false,
    false,
    false,
    true,
  ]);
});

Deno.test("scalarPredicates() never mixes kinds in a list and leaves absent layouts out", () => {
  const texts = [
    "1.2.3.4",
    "fe80::1",
    "10.0.0.0/8",
    "evil.example",
    "http://evil.example/some/long/path.html",
    "0".repeat(32),
  ];
  const units = collectUnits(indicatorSet(texts));
  const layouts = new Map([["zeek.http", 5]]);
  const common = [
    ":addr in [1.2.3.4, fe80::1]",
    ":addr in 10.0.0.0/8",
    'net.domain in ["evil.example"]',
    'net.hostname in ["evil.example"]',
    'net.uri in ["/some/long/path.html", "http://evil.example/some/long/path.html"]',
  ];
  assert.deepEqual(scalarPredicates(units, { layouts, subdomains: false }, "named"), [
    ...common,
    'zeek.http.referrer in ["https://evil.example/some/long/path.html"]',
    `file.hash.md5 in ["${"0".repeat(32)}"]`,
    `zeek.http.md5 in ["${"0".repeat(32)}"]`,
  ]);
  assert.deepEqual(scalarPredicates(units, { layouts, subdomains: false }, "plain"), [
    ...common,
    `:string in ["1.2.3.4", "fe80::1", "evil.example", "${"0".repeat(32)}", ` +
    '"/some/long/path.html", "http://evil.example/some/long/path.html", ' +
    '"https://evil.example/some/long/path.html"]',
  ]);
});

Deno.test("scalarPredicates() reads all rows of a host whose path many have", () => {
  const units = collectUnits(indicatorSet(["http://evil.example:8080/"]));
  const context = { layouts: new Map([["zeek.http", 1]]), subdomains: false };
  assert.deepEqual(scalarPredicates(units, context, "plain"), [
    'net.uri in ["http://evil.example:8080/"]',
    'net.hostname in ["evil.example:8080", "evil.example"]',
    ':string in ["http://evil.example:8080/", "https://evil.example:8080/"]',
  ]);
});

Deno.test("styleFor() keeps to plain forms for few values and for networks", () => {
  const many = Array.from({ length: 101 }, (_, i) => `10.0.0.${i}`);
  const style = (texts: string[]) => styleFor(collectUnits(indicatorSet(texts)));
  assert.equal(style(many.slice(0, 100)), "plain");
  assert.equal(style(many), "named");
  assert.equal(style(many.map((_, i) => `10.${i}.0.0/16`)), "plain");
});
