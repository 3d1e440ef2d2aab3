import assert from "node:assert/strict";
import fc from "fast-check";
import type { JsonObject } from "../../src/json.ts";
import { canonical, inferKind } from "../../src/match/canonical.ts";
import { createIocSet } from "../../src/match/ioc_set.ts";
import type { Observable } from "../../src/match/observable.ts";
import { createPlainSet } from "./plain_set.ts";

/** Few values in many spellings, so that random sets and events meet. */
const SPELLINGS = [
  "1.2.3.4",
  "::ffff:1.2.3.4",
  "1.2.3.4:80",
  "1.2.0.0/16",
  "1.2.3.4/32",
  "1.2.3.5",
  "2001:db8::1",
  "2001:0DB8:0:0:0:0:0:1",
  "[2001:db8::1]:443",
  "2001:db8::/32",
  "evil.com",
  "EVIL.com.",
  "www.evil.com",
  "bücher.example",
  "xn--bcher-kva.example",
  "http://evil.com/a",
  "https://evil.com/a",
  "evil.com/a",
  "http://evil.com:8080/a",
  "http://www.evil.com/",
  "a@evil.com",
  "A <a@evil.com>, b@evil.com",
  "b@evil.com",
  "d41d8cd98f00b204e9800998ecf8427e",
  "D41D8CD98F00B204E9800998ECF8427E",
];

const spelling = fc.constantFrom(...SPELLINGS);
const observable = spelling.filter((text) => inferKind(text) !== undefined).map((text) => {
  const kind = inferKind(text)!;
  return { kind, value: canonical(kind, text)! } satisfies Observable;
});
const step = fc.record({ observable, handle: fc.nat(3), add: fc.nat(3).map((n) => n > 0) });
const event = fc.letrec((tie) => ({
  event: fc.dictionary(
    fc.constantFrom("hostname", "url", "host", "uri", "dest_port", "http", "a.b", "c"),
    fc.oneof(
      spelling,
      fc.constantFrom("/a", "/", "http://evil.com/a", 8080, 80, null, true),
      fc.array(spelling, { maxLength: 3 }),
      tie("event"),
    ),
    { maxKeys: 5 },
  ),
})).event as fc.Arbitrary<JsonObject>;

Deno.test("createIocSet() answers as the plain set under any changes", () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 30 }),
      fc.array(event, { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      (steps, events, subdomains) => {
        const set = createIocSet({ subdomains });
        const plain = createPlainSet({ subdomains });
        for (const { observable, handle, add } of steps) {
          if (add) {
            set.add(observable, handle);
            plain.add(observable, handle);
          } else {
            assert.equal(set.remove(observable, handle), plain.remove(observable, handle));
          }
          assert.equal(set.size, plain.size);
        }
        for (const text of SPELLINGS) assert.equal(set.has(text), plain.has(text), text);
        for (const event of events) assert.deepEqual(set.hits(event), plain.hits(event));
        const pairs = (of: typeof plain) => [...of.entries()].map((pair) => JSON.stringify(pair));
        assert.deepEqual(pairs(set).sort(), pairs(plain).sort());
      },
    ),
    { numRuns: 1000 },
  );
});
