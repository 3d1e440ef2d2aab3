import assert from "node:assert/strict";
import fc from "fast-check";
import { createIds } from "../../src/intel/ids.ts";
import { createVersionPacker, endAt, PackedVersions } from "../../src/intel/packed_versions.ts";
import { OBSERVABLE_KINDS } from "../../src/match/observable.ts";

const time = fc.oneof(
  fc.constantFrom(-Infinity, Infinity),
  fc.double({ noNaN: true, min: -1e15, max: 1e15 }),
);

const plain = { noNullPrototype: true };
const observables = fc.array(
  fc.record({
    kind: fc.constantFrom(...OBSERVABLE_KINDS),
    value: fc.oneof(fc.webUrl(), fc.string({ unit: "grapheme" }), fc.string({ minLength: 9000 })),
  }, plain),
  { maxLength: 3 },
);

const version = fc.record({
  id: fc.uuid().map((uuid) => `indicator--${uuid}`),
  found: fc.oneof(
    fc.record({ points: observables }, plain),
    fc.record({
      points: fc.constant([]),
      prefilter: fc.record({ values: fc.option(observables, { nil: undefined }) }, plain),
    }, plain),
  ),
  validity: fc.record({ modified: time, from: time, until: time, revoked: fc.boolean() }, plain),
  atOnce: fc.boolean(),
}).map(({ id, found, validity, atOnce }) => ({
  id,
  points: found.points,
  prefilter: "prefilter" in found ? found.prefilter : undefined,
  validity: atOnce ? { ...validity, from: validity.modified } : validity,
}));

Deno.test("createVersionPacker() packs what unpackVersions() gives, copied or not", () => {
  const packer = createVersionPacker();
  fc.assert(
    fc.property(fc.array(version, { maxLength: 32 }), fc.nat(32), (versions, copied) => {
      versions.forEach((version, place) => packer.add(place, version));
      const all = packer.take().slice();
      let start = 0;
      for (let left = copied; left > 0 && start < all.length; left--) start = endAt(all, start);
      packer.copy(all, 0, start);
      versions.forEach((version, place) => place >= copied && packer.add(place, version));
      const ids = createIds();
      let place = 0;
      const held = new PackedVersions(packer.take(), 1000);
      while (held.next()) {
        const { id, points, prefilter, validity } = versions[place]!;
        assert.equal(held.handle, 1000 + place++);
        const { modified, from, until, revoked, uuid } = held;
        assert.deepEqual({ modified, from, until, revoked }, validity);
        assert.deepEqual(held.points.map(({ kind, value }) => ({ kind, value })), points);
        assert.deepEqual(held.prefilter, prefilter);
        if (ids.find(id) < 0) ids.addUuid(uuid, held.handle);
        assert.equal(versions[ids.find(id) - 1000]!.id, id);
      }
      assert.equal(place, versions.length);
    }),
    { numRuns: 50 },
  );
});
