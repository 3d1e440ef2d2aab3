import assert from "node:assert/strict";
import fc from "fast-check";
import { idOf, uuidIn, uuidOf } from "../../src/intel/id_words.ts";
import { createIds } from "../../src/intel/ids.ts";

/** Ids that share most of their digits, as those that are counted up. */
const id = fc.nat(400).map((n) =>
  `indicator--00000000-0000-4000-8000-${n.toString(16).padStart(12, "0")}`
);

Deno.test("createIds() behaves as a map under any adds and removes", () => {
  const step = fc.record({ id, add: fc.nat(2).map((n) => n > 0), upper: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600 }), (steps) => {
      const ids = createIds();
      const model = new Map<string, number>();
      for (const [handle, { id, add, upper }] of steps.entries()) {
        const known = model.get(id);
        assert.equal(ids.find(uuidOf(upper ? id.toUpperCase() : id)!), known ?? -1);
        if (add && known === undefined) {
          ids.add(uuidOf(id)!, handle);
          model.set(id, handle);
        } else if (!add && known !== undefined) {
          ids.remove(known);
          model.delete(id);
        }
      }
      for (const { id } of steps) assert.equal(ids.find(uuidOf(id)!), model.get(id) ?? -1);
    }),
    { numRuns: 50 },
  );
});

Deno.test("createIds() finds each of many random ids, while it grows too", () => {
  const ids = createIds();
  const all = Array.from({ length: 20_000 }, () => uuidOf(`indicator--${crypto.randomUUID()}`)!);
  const held = new Set<number>();
  for (const [handle, uuid] of all.entries()) {
    ids.add(uuid, handle);
    held.add(handle);
    const other = handle * 7919 % (handle + 1);
    if (handle % 3 === 0) {
      ids.remove(other);
      held.delete(other);
    }
    for (const asked of [other, handle >> 1, handle]) {
      assert.equal(ids.find(all[asked]!), held.has(asked) ? asked : -1);
    }
  }
  assert(all.every((uuid, handle) => ids.find(uuid) === (held.has(handle) ? handle : -1)));
});

Deno.test("uuidOf() takes what is spelt like an indicator's id, and nothing that differs in a character", () => {
  const sound = fc.uuid().map((uuid) => `indicator--${uuid}`);
  const other = fc.tuple(sound, fc.nat(46), fc.string({ unit: "binary", minLength: 1 }))
    .map(([id, at, text]) => id.slice(0, at) + text[0] + id.slice(at + 1));
  const odd = fc.constantFrom("", "x", `malware--${crypto.randomUUID()}`, "-".repeat(47));
  const isId = /^indicator--[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
  fc.assert(
    fc.property(fc.oneof(sound, other, odd), (id) => {
      const uuid = uuidOf(id);
      assert.equal(uuid !== undefined, isId.test(id), id);
      if (uuid === undefined) return;
      assert.deepEqual(uuidOf(id.toUpperCase()), uuid);
      assert.equal(idOf(uuid), id.toLowerCase());
      const bytes = new TextEncoder().encode(`"${id.toLowerCase()}"`);
      assert.deepEqual(uuidIn(bytes, 1), uuid);
      const ids = createIds();
      ids.reserve(20);
      ids.add(Uint32Array.from(uuid), 3);
      assert.equal(ids.find(uuid), 3);
      assert.equal(ids.find([uuid[0]!, uuid[1]!, uuid[2]!, uuid[3]! ^ 1]), -1);
    }),
    { numRuns: 1000 },
  );
});
