import assert from "node:assert/strict";
import fc from "fast-check";
import { canonical, inferKind } from "../../src/match/canonical.ts";
import { pointsOf, prefilterOf } from "../../src/intel/points.ts";
import { patternOf } from "../../src/intel/synthesize.ts";
import { observe } from "../../src/intel/observe.ts";
import { parsePattern } from "../../src/stix/pattern/mod.ts";

const shown = (pattern: string) => pointsOf(pattern).points.map((p) => `${p.kind} ${p.value}`);

Deno.test("pointsOf() takes choices between single values apart", () => {
  const md5 = "d41d8cd98f00b204e9800998ecf8427e";
  const cases: [pattern: string, points: string[]][] = [
    ["[ipv4-addr:value = '1.2.3.4']", ["ipv4 1.2.3.4"]],
    [" [ipv4-addr:value='1.2.3.4'] ", ["ipv4 1.2.3.4"]],
    ["[ipv4-addr:value = '10.1.0.0/8']", ["cidr 10.0.0.0/8"]],
    ["[ipv4-addr:value ISSUBSET '10.0.0.0/8']", ["cidr 10.0.0.0/8"]],
    ["[ipv4-addr:value = '1.2.3.4/32']", ["ipv4 1.2.3.4"]],
    ["[ipv6-addr:value = '2001:DB8:0::1']", ["ipv6 2001:db8::1"]],
    ["[domain-name:value = 'Evil.com.']", ["domain evil.com"]],
    ["[domain-name:value IN ('a.com', 'b.com')]", ["domain a.com", "domain b.com"]],
    ["[url:value = 'http://evil.com']", ["url http://evil.com/"]],
    ["[email-addr:value = 'A@b.c']", ["email a@b.c"]],
    [`[file:hashes.MD5 = '${md5}']`, [`md5 ${md5}`]],
    [`[file:hashes.'SHA-1' = '${"A".repeat(40)}']`, [`sha1 ${"a".repeat(40)}`]],
    [`[x509-certificate:hashes.'SHA-256' = '${"a".repeat(64)}']`, [`sha256 ${"a".repeat(64)}`]],
    ["[ipv4-addr:value = '1.2.3.4' OR domain-name:value = 'a.com']", [
      "ipv4 1.2.3.4",
      "domain a.com",
    ]],
    ["[url:value = 'http://a/'] OR [domain-name:value = 'a.com' OR domain-name:value = 'a.com']", [
      "url http://a/",
      "domain a.com",
    ]],
    ["[domain-name:value = 'a.com' AND ipv4-addr:value = '1.2.3.4']", []],
    ["[domain-name:value = 'a.com'] AND [ipv4-addr:value = '1.2.3.4']", []],
    ["[domain-name:value != 'a.com']", []],
    ["[domain-name:value NOT = 'a.com']", []],
    ["[domain-name:value LIKE '%.com']", []],
    ["[domain-name:value = 'a b']", []],
    ["[file:name = 'x.exe']", []],
    ["[ipv4-addr:value = 6]", []],
    ["[domain-name:value = 'a.com'] REPEATS 2 TIMES", []],
    ["[network-traffic:dst_ref.value = '1.2.3.4']", []],
  ];
  for (const [pattern, points] of cases) {
    assert.deepEqual(shown(pattern), points, pattern);
    assert.equal(pointsOf(pattern).reason !== undefined, points.length === 0, pattern);
  }
});

Deno.test("prefilterOf() names the values that a compound pattern needs", () => {
  const values = (pattern: string) => prefilterOf(parsePattern(pattern))?.map((p) => p.value);
  assert.deepEqual(values("[network-traffic:dst_ref.value = '1.2.3.4']"), ["1.2.3.4"]);
  assert.deepEqual(
    values("[network-traffic:dst_ref.value = '1.2.3.4' AND network-traffic:dst_port = 80]"),
    ["1.2.3.4"],
  );
  assert.equal(values("[network-traffic:dst_port = 80]"), undefined);
});

Deno.test("pointsOf() reads what patternOf() writes", () => {
  const text = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.domain(),
    fc.webUrl({ withFragments: true, withQueryParameters: true }),
    fc.constant("http://evil.com/it's\\here"),
    fc.emailAddress(),
    fc.constantFrom("10.0.0.0/8", "2001:db8::/32", "a".repeat(32), "a".repeat(128)),
  );
  fc.assert(fc.property(text, (text) => {
    const observable = observe(text);
    if (observable === undefined || observable.kind !== inferKind(observable.value)) return;
    assert.equal(canonical(observable.kind, observable.value), observable.value);
    assert.deepEqual(pointsOf(patternOf(observable)).points, [observable]);
  }));
});
