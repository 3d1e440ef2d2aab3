import assert from "node:assert/strict";
import fc from "fast-check";
import { isAskable, quote, scalarPredicates } from "../../../src/engines/vast/forms.ts";
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
  const predicates = scalarPredicates(units, { layouts, subdomains: false });
  assert.deepEqual(predicates, [
    ":addr in [1.2.3.4, fe80::1]",
    ":addr in 10.0.0.0/8",
    'net.domain in ["evil.example"]',
    'net.hostname in ["evil.example"]',
    'net.uri in ["/some/long/path.html", "http://evil.example/some/long/path.html"]',
    'zeek.http.referrer in ["https://evil.example/some/long/path.html"]',
    `file.hash.md5 in ["${"0".repeat(32)}"]`,
    `zeek.http.md5 in ["${"0".repeat(32)}"]`,
  ]);
});

Deno.test("scalarPredicates() asks for short paths together with their hosts", () => {
  const units = collectUnits(indicatorSet(["http://evil.example:8080/"]));
  const [whole, , common] = scalarPredicates(units, {
    layouts: new Map([["zeek.http", 1]]),
    subdomains: false,
  });
  assert.equal(whole, 'net.uri in ["http://evil.example:8080/"]');
  assert.equal(
    common,
    '(net.hostname in ["evil.example:8080", "evil.example"] && net.uri in ["/"])',
  );
});
