import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { sha1, uuidNamer } from "../../src/intel/uuid.ts";

Deno.test("sha1() agrees with the platform's for every length around a block", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    assert.equal(
      Array.from(sha1(bytes), (byte) => byte.toString(16).padStart(2, "0")).join(""),
      createHash("sha1").update(bytes).digest("hex"),
    );
  }));
});

Deno.test("uuidNamer() gives the UUID of RFC 9562, appendix A.4", () => {
  const uuidOf = uuidNamer("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  assert.equal(uuidOf("www.example.com"), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
});

Deno.test("uuidNamer() keeps its namespace whatever names came before", () => {
  const namespace = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
  const uuidOf = uuidNamer(namespace);
  fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 400 }), (name) => {
    assert.equal(uuidOf(name), uuidNamer(namespace)(name));
    const hash = createHash("sha1").update(Buffer.from(namespace.replaceAll("-", ""), "hex"))
      .update(name).digest("hex");
    assert.equal(uuidOf(name).replaceAll("-", "").slice(0, 12), hash.slice(0, 12));
  }));
});
