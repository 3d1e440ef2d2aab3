import assert from "node:assert/strict";
import fc from "fast-check";
import { compileKernel, type Kernel } from "../../../../src/engines/logs/scan/kernel.ts";
import { loadKernel } from "../../../../src/engines/logs/scan/loaded_kernel.ts";
import { visitTerms } from "../../../../src/engines/logs/scan/terms.ts";
import { canonical, matchKey } from "../../../../src/match/canonical.ts";
import { createIocSet } from "../../../../src/match/ioc_set.ts";
import type { Observable } from "../../../../src/match/observable.ts";

const module = compileKernel()!;
const SLOTS = 64;

/** A kernel with nothing in its filter but what is added by hand. */
function emptyKernel(): Kernel {
  return loadKernel(module, SLOTS, createIocSet().cursor(), false).kernel;
}

/** Shorter ends, or such behind a quote, are found otherwise: what stands before them gets into the filter. */
const TINY = 3;

/** Adds what `visitTerms` names, a call for each, but tiny ends; returns how many these are. */
function addTerms(kernel: Kernel, { kind, value }: Observable): number {
  const at = kernel.input(4096);
  let tiny = 0;
  const put = (text: string) =>
    new TextEncoder().encodeInto(text, kernel.bytes().subarray(at)).written;
  visitTerms(kind, matchKey(kind, value), {
    text: (text) => kernel.exports.addText(at, put(text)),
    end(text) {
      const length = put(text);
      if (length - 1 - text.lastIndexOf('"') < TINY) tiny++;
      else kernel.exports.addEnd(at, length);
    },
    network: (address, bits) => kernel.exports.addNetwork(at, put(address), bits),
  });
  return tiny;
}

const hasTiny = ({ exports }: Kernel) => Number(exports.tiny.value) !== 0;

/** The bits set in one array and not in another. */
function more(one: Uint8Array, other: Uint8Array): number {
  let bits = 0;
  for (let i = 0; i < one.length; i++) {
    for (let rest = one[i]! & ~other[i]!; rest !== 0; rest &= rest - 1) bits++;
  }
  return bits;
}

const host = fc.constantFrom(
  ...[
    "a.example",
    "x.example",
    "198.51.100.7",
    "[2001:db8::1]",
    "xn--bcher-kva.example",
    "2.example",
  ],
);
const url = fc.tuple(
  fc.constantFrom("http://", "https://", "ftp://", "x:"),
  fc.constantFrom("", "", "user@", "a:b@"),
  host,
  fc.constantFrom("", "", ":8080", ":"),
  fc.oneof(
    fc.constantFrom(
      "",
      "/",
      "/?a",
      "/#a",
      "?q",
      "/:",
      "/a",
      "/12345678901",
      "/1234567890",
      "/xn--a",
    ),
    fc.string({ unit: fc.constantFrom(...'/?#:@"a1%[é'), maxLength: 16 }).map((text) => `/${text}`),
  ),
).map((parts) => canonical("url", parts.join("")) ?? `http://${parts[2]}/`)
  .map((value): Observable => ({ kind: "url", value }));
const other = fc.constantFrom<Observable>(
  { kind: "ipv4", value: "198.51.100.7" },
  { kind: "ipv6", value: "2001:db8::1" },
  { kind: "domain", value: "xn--bcher-kva.example" },
  { kind: "domain", value: "x.example" },
  { kind: "email", value: "a@x.example" },
  { kind: "md5", value: "1234567812345678123456781234567a" },
);

Deno.test("a kernel adds by itself the terms of a value that are there for it", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 3, arbitrary: url }, other), { maxLength: 8 }),
      (values) => {
        const iocs = createIocSet();
        const wanted = emptyKernel();
        let tiny = 0;
        for (const [handle, value] of values.entries()) {
          const before = iocs.view().count;
          iocs.add(value, handle);
          if (iocs.view().count > before) tiny += addTerms(wanted, value);
        }
        const loaded = loadKernel(module, SLOTS, iocs.cursor(), false);
        assert.equal(loaded.read(iocs.view(), Infinity), true);
        const filter = loaded.kernel.filter();
        assert.equal(more(wanted.filter(), filter), 0);
        // Each end sets six bits at most.
        assert.ok(more(filter, wanted.filter()) <= 6 * tiny);
        const { used, common } = loaded.kernel.exports;
        assert.equal(used.value, wanted.exports.used.value);
        assert.equal(common.value, wanted.exports.common.value);
        assert.equal(hasTiny(loaded.kernel), hasTiny(wanted) || tiny > 0);
      },
    ),
    { numRuns: 500 },
  );
});
