import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeCommand,
  decodeErrorReason,
  decodeMetadata,
  encodeCommand,
  encodeMetadata,
} from "../../src/zmtp/command.ts";
import { ZmtpError } from "../../src/zmtp/error.ts";
import { checkSignature, decodeGreeting, encodeGreeting } from "../../src/zmtp/greeting.ts";

/** Runs a decoder that may refuse its input, but in no other way than with a ZmtpError. */
function decodesOrRefuses(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    assert.ok(error instanceof ZmtpError, String(error));
  }
}

const name = fc.stringMatching(/^[A-Za-z][A-Za-z-]{0,30}$/);

Deno.test("decodeCommand() inverts encodeCommand()", () => {
  fc.assert(fc.property(name, fc.uint8Array(), (command, data) => {
    const decoded = decodeCommand(encodeCommand(command, data));
    assert.equal(decoded.name, command);
    assert.deepEqual(decoded.data.toHex(), data.toHex());
  }));
});

Deno.test("decodeMetadata() inverts encodeMetadata(), names in lower case", () => {
  const properties = fc.uniqueArray(fc.tuple(name, fc.uint8Array()), {
    selector: ([key]) => key.toLowerCase(),
  });
  fc.assert(fc.property(properties, (pairs) => {
    assert.deepEqual(
      [...decodeMetadata(encodeMetadata(pairs))].map(([key, value]) => [key, value.toHex()]),
      pairs.map(([key, value]) => [key.toLowerCase(), value.toHex()]),
    );
  }));
});

Deno.test("the decoders of commands refuse any other bytes with a ZmtpError alone", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      decodesOrRefuses(() => decodeCommand(bytes));
      decodesOrRefuses(() => decodeMetadata(bytes));
      assert.match(decodeErrorReason(bytes), /^[\x20-\x7e]+$/);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("decodeGreeting() refuses what is no greeting with a ZmtpError alone", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), fc.boolean(), (bytes, signed) => {
      if (signed) bytes.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3]);
      decodesOrRefuses(() => decodeGreeting(bytes));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("checkSignature() tells old versions and other protocols at the first byte that differs", () => {
  const greeting = encodeGreeting("NULL", false);
  for (let length = 0; length <= 11; length++) checkSignature(greeting.subarray(0, length));
  assert.throws(() => checkSignature(new TextEncoder().encode("G")), /does not speak ZMTP/);
  const old = (...bytes: number[]) => Uint8Array.of(0xff, 0, 0, 0, 0, 0, 0, 0, 1, ...bytes);
  assert.throws(() => checkSignature(old(0x7e)), /ZMTP 1.0/);
  assert.throws(() => checkSignature(old(0x7f, 1)), /too old: 3.0 is needed/);
});
