import assert from "node:assert/strict";
import { countNeedles, makeNeedles } from "../../../../src/engines/logs/scan/needles.ts";
import type { ObservableKind } from "../../../../src/match/observable.ts";

function count(...iocs: (readonly [ObservableKind, string])[]): number {
  return countNeedles(makeNeedles(iocs.map(([kind, key]) => ({ kind, key }))));
}

Deno.test("makeNeedles() has a text for each spelling that is plain ASCII", () => {
  assert.equal(count(["domain", "evil.com"]), 1);
  assert.equal(count(["email", "bob@evil.com"]), 1);
  assert.equal(count(["url", "evil.com/a/b"]), 1);
  assert.equal(count(["md5", "ab".repeat(16)]), 2, "with colons too");
  assert.equal(count(["ipv4", "192.0.2.1"], ["ipv4", "192.0.2.2"]), 3, "and mapped to IPv6");
  assert.equal(count(["url", "[2001:db8::1]/a/path"]), 1, "by the path");
});

Deno.test("makeNeedles() has none where an IoC can stand there in too many ways", () => {
  assert.equal(count(["ipv6", "2001:db8::1"]), 0);
  assert.equal(count(["domain", "evil.com"], ["cidr", "192.0.2.0/24"]), 0);
  assert.equal(count(["url", "[2001:db8::1]/"]), 0);
  assert.equal(count(["domain", "x"]), 0);
  const many = Array.from({ length: 7 }, (_, i) => ["domain", `d${i}.com`] as const);
  assert.equal(count(...many), 0);
});
