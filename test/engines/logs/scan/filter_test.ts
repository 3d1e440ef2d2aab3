import assert from "node:assert/strict";
import fc from "fast-check";
import { createKernelFinders } from "../../../../src/engines/logs/scan/kernel_finder.ts";
import { createIocSet } from "../../../../src/match/ioc_set.ts";
import type { Observable } from "../../../../src/match/observable.ts";

const encoder = new TextEncoder();

/** Values of kinds that take one slot of the filter, two, or a look of their own. */
function valueOf(number: number): Observable {
  switch (number % 6) {
    case 0:
      return { kind: "ipv4", value: `198.${number >> 16}.${number >> 8 & 255}.${number & 255}` };
    case 1:
      return { kind: "url", value: `http://host-${number}.example/with/a/path` };
    case 2:
      return { kind: "ipv6", value: `2001:db8::${(number & 0xffff | 1).toString(16)}` };
    case 3:
      return { kind: "cidr", value: `203.${number >> 8 & 255}.${number & 255}.0/24` };
    default:
      return { kind: "domain", value: `host-${number}.example` };
  }
}

/** A text that stands for a value in an event. */
function textOf({ kind, value }: Observable): string {
  return kind === "cidr" ? value.replace("0/24", "7") : value;
}

/** Numbers of the values that a scan of one line for each finds. */
function scan(find: ReturnType<typeof finderOf>, numbers: readonly number[]): Set<number> {
  const lines = numbers.map((number) => `{"it":${JSON.stringify(textOf(valueOf(number)))}}\n`);
  const block = encoder.encode(lines.join(""));
  const { candidates, length } = find(block, 0, block.length);
  const named = new Set<number>();
  for (let i = 2; i < length; i += 3) named.add(numbers[candidates[i]!]!);
  return named;
}

function finderOf(iocs: ReturnType<typeof createIocSet>, finders = createKernelFinders()) {
  return finders({ iocs }, { type: "json" }).find;
}

const phase = fc.record({
  adds: fc.integer({ min: 0, max: 6000 }),
  removes: fc.integer({ min: 0, max: 6000 }),
  edits: fc.nat(50),
  scans: fc.nat(4),
});

Deno.test("find() misses no value that is in the set, however it grows, shrinks and is edited", () => {
  fc.assert(
    fc.property(fc.array(phase, { minLength: 1, maxLength: 6 }), fc.nat(), (phases, seed) => {
      const iocs = createIocSet();
      const finders = createKernelFinders();
      const find = finderOf(iocs, finders);
      const held = new Map<number, Observable>();
      let next = 0, state = seed;
      const random = (limit: number) =>
        (state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9 >>> 0) % limit;
      const add = (number: number) => {
        held.set(number, valueOf(number));
        iocs.add(valueOf(number), number);
      };
      const remove = (number: number) => {
        held.delete(number);
        assert.ok(iocs.remove(valueOf(number), number));
      };
      const check = () => {
        const some = Array.from({ length: 60 }, () => random(next + 10));
        const named = scan(find, some);
        for (const number of some) {
          assert.ok(!held.has(number) || named.has(number), textOf(valueOf(number)));
        }
      };
      for (const { adds, removes, edits, scans } of phases) {
        for (let i = 0; i < adds; i++) {
          add(next++);
          if (scans > 2 && i % 500 === 0) check();
        }
        check();
        const numbers = [...held.keys()];
        for (let i = 0; i < removes && numbers.length > 0; i++) {
          const at = random(numbers.length);
          remove(numbers[at]!);
          numbers[at] = numbers.at(-1)!;
          numbers.pop();
          if (scans > 1 && i % 500 === 0) check();
        }
        for (let i = 0; i < edits && held.size > 0; i++) {
          const [number] = held.keys().drop(random(Math.min(held.size, 100))).take(1);
          remove(number!);
          add(next++);
          if (i % 10 === 0) finders.keepUp!(iocs);
        }
        for (let i = 0; i < scans; i++) check();
      }
      const all = [...held.keys()];
      assert.deepEqual([...scan(find, all)], all);
    }),
    { numRuns: 60 },
  );
});

Deno.test("find() forgets what was removed when half of what it knows is gone", () => {
  const iocs = createIocSet();
  const finders = createKernelFinders();
  const find = finderOf(iocs, finders);
  const domains = Array.from({ length: 20_000 }, (_, i) => i * 6 + 4);
  for (const number of domains) iocs.add(valueOf(number), number);
  assert.equal(scan(find, domains).size, 20_000);
  const gone = domains.slice(0, 15_000);
  for (const number of gone) iocs.remove(valueOf(number), number);
  // A slice with each look; what is added meanwhile is found at once.
  assert.equal(scan(find, gone).size, 15_000);
  iocs.add({ kind: "ipv4", value: "198.0.0.0" }, 0);
  assert.equal(scan(find, [0]).size, 1);
  let looks = 0;
  while (finders.keepUp!(iocs)) assert.ok(looks++ < 100);
  assert.ok(looks > 2);
  assert.equal(scan(find, gone).size, 0);
  assert.equal(scan(find, [0, ...domains.slice(15_000)]).size, 5001);
});
