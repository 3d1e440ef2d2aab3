import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { sha1, uuidV5 } from "../../src/intel/uuid.ts";

Deno.test("sha1() agrees with the platform's for every length around a block", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    assert.equal(
      Array.from(sha1(bytes), (byte) => byte.toString(16).padStart(2, "0")).join(""),
      createHash("sha1").update(bytes).digest("hex"),
    );
  }));
});

Deno.test("uuidV5() gives the UUID of RFC 9562, appendix A.4", () => {
  assert.equal(
    uuidV5("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com"),
    "2ed6657d-e927-568b-95e1-2665a8aea6a2",
  );
});
