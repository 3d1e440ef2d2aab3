import assert from "node:assert/strict";
import fc from "fast-check";
import { hashKey, writeKey } from "../../src/match/key_hash.ts";

Deno.test("writeKey() writes and hashes ASCII as hashKey() does, and nothing else", () => {
  const text = fc.oneof(fc.string({ maxLength: 80 }), fc.string({ unit: "binary" }));
  fc.assert(fc.property(text, fc.nat(8), fc.nat(255), fc.nat(5), (text, skip, kind, at) => {
    skip = Math.min(skip, text.length);
    const encoded = new TextEncoder().encode(text);
    const bytes = new Uint8Array(at + text.length + 1);
    const hash = writeKey(kind, text, skip, bytes, at);
    if (encoded.length > text.length) return assert.equal(hash, -1);
    assert.equal(hash, hashKey(kind, encoded, skip, encoded.length));
    assert.deepEqual(bytes.subarray(at), Uint8Array.of(...encoded, 0));
  }));
});
