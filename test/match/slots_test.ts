import assert from "node:assert/strict";
import fc from "fast-check";
import { createSlots } from "../../src/match/slots.ts";

/** Hashes that meet often, in their low bits and in those that stand beside a number. */
const hashOf = (number: number) => Math.imul(number % 100, 0x01000193) >>> 0;

Deno.test("createSlots() holds what a set would, numbers beside bits of their hashes or without", () => {
  const few = fc.integer({ min: 1, max: 3000 });
  // These need the place of the bits.
  const many = few.map((number) => number + (1 << 24) - 1500);
  const step = fc.record({
    number: fc.oneof({ weight: 20, arbitrary: few }, { weight: 1, arbitrary: many }),
    does: fc.constantFrom("put", "put", "put", "free", "lay", "reserve"),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 2500, size: "max" }), (steps) => {
      const slots = createSlots(hashOf);
      const model = new Set<number>();
      const probe = (some: Uint32Array, number: number) => {
        const mask = some.length - 1, { numbers } = slots;
        for (let slot = hashOf(number) & mask;; slot = (slot + 1) & mask) {
          if (some[slot] === 0) return -1;
          if (((some[slot]! ^ hashOf(number)) & ~numbers) !== 0) continue;
          if ((some[slot]! & numbers) === number) return slot;
        }
      };
      for (const { number, does } of steps) {
        const [now, old] = [probe(slots.now, number), probe(slots.old, number)];
        assert.equal(now >= 0 || old >= 0, model.has(number));
        if (does === "put" && !model.has(number)) {
          slots.grow(model.size);
          slots.put(hashOf(number), number);
          model.add(number);
        } else if (does === "free" && model.delete(number)) {
          if (now >= 0) slots.free(slots.now, now);
          else slots.free(slots.old, old);
        } else if (does === "reserve" && number % 50 === 0) {
          slots.reserve(model.size + number % 5000);
        } else if (does === "lay" && number % 50 === 0) {
          const bare = slots.lay();
          assert.deepEqual([...bare].filter((held) => held > 0).sort(), [...model].sort());
          if (number % 100 === 0) slots.adopt(bare.slice());
        }
      }
      for (const number of model) {
        assert.ok(probe(slots.now, number) >= 0 || probe(slots.old, number) >= 0);
      }
    }),
    { numRuns: 30 },
  );
});
