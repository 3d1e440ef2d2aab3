import assert from "node:assert/strict";
import fc from "fast-check";
import { canonical, canonicalDomain } from "../../src/match/canonical.ts";
import { createEndings } from "../../src/match/endings.ts";
import { createIocSet } from "../../src/match/ioc_set.ts";
import type { Observable } from "../../src/match/observable.ts";
import { eventWith, iocTexts } from "../engines/logs/scan/events.ts";
import { createPlainSet } from "./plain_set.ts";

const domain = (value: string) => ({ kind: "domain", value }) as const;

Deno.test("admits() tells texts by their last characters, also after values came later", () => {
  const set = createIocSet();
  const endings = createEndings(set, false);
  const admitted = (...texts: string[]) =>
    texts.filter((text) => endings.admits(text, set.version));
  set.add(domain("evil.example"), 1);
  set.add({ kind: "url", value: "http://other.test/gate.php" }, 2);
  const spellings = ["evil.example", "EVIL.Example.", "evil.example:80", "evil。example"];
  const dull = ["163.82ms", "example.x", "", "Ab3dEf", "GET", "/index.html", "10.1.2.3"];
  assert.deepEqual(admitted(...spellings, ...dull), spellings);
  assert.ok(endings.admitsPath("/gate.php", set.version));
  assert.ok(!endings.admitsPath("/index.html", set.version));
  set.add({ kind: "cidr", value: "10.0.0.0/8" }, 3);
  set.add(domain("ms"), 4);
  assert.deepEqual(admitted("10.1.2.3", "MS", "a.ms", "163.82ms"), ["10.1.2.3", "MS"]);
});

Deno.test("admits() knows the parents of a domain where they count", () => {
  const set = createIocSet({ subdomains: true });
  const endings = createEndings(set, true);
  for (const value of ["ms", "evil.example"]) set.add(domain(value), 1);
  const texts = ["a.ms", "www.evil.example", "a.b", "ab.xms"];
  assert.deepEqual(texts.filter((text) => endings.admits(text, set.version)), texts.slice(0, 2));
});

Deno.test("has() finds a domain of one letter", () => {
  const set = createIocSet();
  set.add(domain("a"), 1);
  assert.deepEqual(["a", "A", "a.", "b", "", "."].filter(set.has), ["a", "A", "a."]);
});

Deno.test("admits() rules nothing out for few texts among many values", () => {
  const set = createIocSet();
  const endings = createEndings(set, false);
  for (let n = 0; n < 1000; n++) set.add(domain(`host-${n}.example`), n);
  const ask = () => endings.admits("quite another", set.version);
  for (let asked = 0; asked < 100; asked++) assert.ok(ask());
  for (let asked = 0; asked < 100; asked++) ask();
  assert.ok(!endings.admits("quite another", set.version));
  assert.ok(endings.admits("host-77.example", set.version));
});

Deno.test("has() finds what ends otherwise than its canonical form", () => {
  const spellings = {
    "ipv6 64:ff9b::c0a8:6464": ["64:ff9b::192.168.100.100"],
    "cidr 64:ff9b::/96": ["64:ff9b::192.168.100.100"],
    "url http://evil.de/": ["http://evil.de", "https://EVIL.de", "http://evil.de:"],
    "url http://evil1.de/": ["http://evil1.de", "evil1.de/"],
    "url http://a-long-name.example/?q=1": ["http://a-long-name.example?q=1"],
    "url http://evil.de/?q=123456": ["http://evil.de?q=123456"],
    "url http://u@xn--bcher-kva.co.uk/": ["http://u@bücher.co.uk", "http://u@BÜCHER.co.uk/"],
    "domain xn--bcher-kva.de": ["bücher.de", "BÜCHER.DE.", "xn--bcher-kva.de:80"],
    "md5 d41d8cd98f00b204e9800998ecf8427e": ["D4:1D:8C:D9:8F:00:B2:04:E9:80:09:98:EC:F8:42:7E"],
  };
  for (const [ioc, texts] of Object.entries(spellings)) {
    const set = createIocSet();
    const [kind, value] = ioc.split(" ") as [Observable["kind"], string];
    set.add({ kind, value }, 1);
    for (const text of texts) assert.ok(set.has(text), `${text} is ${ioc}`);
  }
});

Deno.test("hits() finds in events what the plain set finds, which reads every text in full", () => {
  const scene = fc.record({ texts: iocTexts, subdomains: fc.boolean() }).chain((it) =>
    fc.record({
      texts: fc.constant(it.texts),
      subdomains: fc.constant(it.subdomains),
      events: fc.array(eventWith(it.texts), { minLength: 1, maxLength: 6 }),
    })
  );
  fc.assert(
    fc.property(scene, ({ texts, subdomains, events }) => {
      const set = createIocSet({ subdomains });
      const plain = createPlainSet({ subdomains });
      for (const [handle, [kind, text]] of texts.entries()) {
        const value = canonical(kind, text);
        if (value === undefined) continue;
        set.add({ kind, value }, handle);
        plain.add({ kind, value }, handle);
      }
      for (const event of events) assert.deepEqual(set.hits(event), plain.hits(event));
    }),
    { numRuns: Number(Deno.env.get("FUZZ_RUNS") ?? 2000) },
  );
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
