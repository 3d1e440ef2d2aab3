import assert from "node:assert/strict";
import fc from "fast-check";
import { createVersionPacker, endAt, PackedVersions } from "../../src/intel/packed_versions.ts";
import { InputError } from "../../src/errors.ts";
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
  uuid: fc.tuple(fc.integer(), fc.integer(), fc.integer(), fc.integer()),
  found: fc.oneof(
    fc.record({ points: observables }, plain),
    fc.record({
      points: fc.constant([]),
      prefilter: fc.record({ values: fc.option(observables, { nil: undefined }) }, plain),
    }, plain),
  ),
  validity: fc.record({ modified: time, from: time, until: time, revoked: fc.boolean() }, plain),
  atOnce: fc.boolean(),
}).map(({ uuid, found, validity, atOnce }) => ({
  uuid,
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
      let place = 0;
      const held = new PackedVersions(packer.take(), 1000);
      while (held.next()) {
        const { uuid, points, prefilter, validity } = versions[place]!;
        assert.equal(held.handle, 1000 + place++);
        const { modified, from, until, revoked } = held;
        assert.deepEqual({ modified, from, until, revoked }, validity);
        assert.deepEqual(held.points.map(({ kind, value }) => ({ kind, value })), points);
        assert.deepEqual(held.prefilter, prefilter);
        assert.deepEqual(held.uuid, Uint32Array.from(uuid));
      }
      assert.equal(place, versions.length);
    }),
    { numRuns: 50 },
  );
});

Deno.test("PackedVersions refuses bytes that are damaged, whatever their lengths say", () => {
  const packer = createVersionPacker();
  const validity = { modified: 1, from: 1, until: Infinity, revoked: false };
  packer.add(0, { uuid: [1, 2, 3, 4], points: [], prefilter: undefined, validity });
  const whole = packer.take().slice();
  assert.ok(new PackedVersions(whole, 0).next());
  for (const length of [0, 31, whole.length + 1, 0xffffffff]) {
    const damaged = whole.slice();
    new DataView(damaged.buffer).setUint32(4, length, true);
    assert.throws(() => new PackedVersions(damaged, 0).next(), InputError);
  }
  assert.throws(() => new PackedVersions(whole.subarray(0, 20), 0).next(), InputError);
});
