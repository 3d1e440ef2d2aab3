import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalDomain } from "../../src/match/canonical.ts";
import { createEndings } from "../../src/match/endings.ts";
import { createIocSet } from "../../src/match/ioc_set.ts";

const domain = (value: string) => ({ kind: "domain", value }) as const;

Deno.test("admits() knows the ends of domains in any spelling, also of those that came later", () => {
  const set = createIocSet();
  const endings = createEndings(() => set.view());
  const admitted = (...hosts: string[]) =>
    hosts.filter((host) => endings.admits(host, set.version));
  set.add(domain("evil.example"), 1);
  set.add({ kind: "url", value: "http://other.test/" }, 2);
  const spellings = ["evil.example", "EVIL.Example.", "sub.example", "evil。example"];
  assert.deepEqual(admitted(...spellings, "other.test", "163.82ms", "example.x", ""), spellings);
  set.add(domain("localhost"), 3);
  assert.deepEqual(admitted("localhost", "LOCALHOST", "a.localhost", "local"), [
    "localhost",
    "LOCALHOST",
    "a.localhost",
  ]);
});

Deno.test("has() finds a domain in every spelling that is canonically it", () => {
  const label = fc.string({
    unit: fc.constantFrom("a", "B", "ü", "é", "ẞ", "1", "-"),
    minLength: 1,
  });
  const host = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join("."));
  fc.assert(fc.property(host, fc.constantFrom("", "."), (host, dot) => {
    const value = canonicalDomain(host + dot);
    // One character is no value.
    fc.pre(value !== undefined && host.length > 1);
    const set = createIocSet();
    set.add(domain(value!), 1);
    for (const text of [host + dot, host.toUpperCase(), value!, value!.toUpperCase()]) {
      assert.equal(set.has(text), canonicalDomain(text) === value);
    }
  }));
});

Deno.test("hits() passes over times, and nothing else that begins like one", () => {
  const set = createIocSet();
  const odd = "2026-11-21t10.example";
  set.add(domain(odd), 1);
  const hits = set.hits({ ts: "2026-11-21T10:00:00.123456+0000", host: "2026-11-21T10.example" });
  assert.deepEqual(hits.map(({ field }) => field), ["host"]);
});
