/** A peer of which it is known how its bytes are cut into reads. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { ByteConnection } from "../../src/zmtp/wire.ts";

/** A peer that sends these bytes in chunks of the given sizes, over and over, then closes. */
export function peerSending(bytes: Uint8Array, sizes: readonly number[]): ByteConnection {
  let at = 0;
  let turn = 0;
  return {
    read(into) {
      assert.ok(into.length > 0, "an empty buffer would read nothing for ever");
      const size = Math.min(sizes[turn++ % sizes.length]!, into.length, bytes.length - at);
      into.set(bytes.subarray(at, at + size));
      at += size;
      return Promise.resolve(size === 0 ? null : size);
    },
    write: (data) => Promise.resolve(data.length),
    closeWrite: () => Promise.resolve(),
    close() {},
  };
}

/** Sizes of reads, for `peerSending`. */
export const readSizes = fc.array(
  fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 90_000 })),
  { minLength: 1, maxLength: 8 },
);

/** These bytes one behind the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
