import assert from "node:assert/strict";
import fc from "fast-check";
import { ZmtpError } from "../../src/zmtp/error.ts";
import { decodeFrames, encodeFrame, type Frame } from "../../src/zmtp/frame.ts";
import { type ByteConnection, createFrameReader } from "../../src/zmtp/wire.ts";

const LIMIT = 100_000;

const frame = fc.record({
  kind: fc.constantFrom<Pick<Frame, "command" | "more">>(
    { command: false, more: false },
    { command: false, more: true },
    { command: true, more: false },
  ),
  body: fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc.uint8Array({ minLength: 250, maxLength: 260 }),
    fc.nat(70_000).map((size) => new Uint8Array(size).fill(size & 0xff)),
  ),
}).map(({ kind, body }): Frame => ({ ...kind, body }));

/** A peer that sends these bytes in chunks of the given sizes, over and over, then closes. */
function peerSending(bytes: Uint8Array, sizes: readonly number[]): ByteConnection {
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

async function readAll(connection: ByteConnection, limit = LIMIT): Promise<Frame[]> {
  const reader = createFrameReader(connection, limit);
  const all: Frame[] = [];
  for (let some; (some = await reader.readFrames()) !== undefined;) all.push(...some);
  return all;
}

const joined = (parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));

Deno.test("createFrameReader() gives the same frames however their bytes are cut", async () => {
  const chunks = fc.array(
    fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 90_000 })),
    {
      minLength: 1,
      maxLength: 8,
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { maxLength: 12 }), chunks, async (frames, sizes) => {
      const bytes = joined(frames.map((one) => encodeFrame(one.body, one)));
      const read = await readAll(peerSending(bytes, sizes));
      assert.deepEqual(
        read.map((one) => [one.command, one.more, one.body.toHex()]),
        frames.map((one) => [one.command, one.more, one.body.toHex()]),
      );
    }),
    { numRuns: 60 },
  );
});

Deno.test("createFrameReader() gives frames or a ZmtpError for any bytes at all", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 400 }),
      fc.integer({ min: 1, max: 400 }),
      async (bytes, size) => {
        try {
          let total = 0;
          for (const one of await readAll(peerSending(bytes, [size]))) total += one.body.length;
          assert.ok(total <= bytes.length);
        } catch (error) {
          assert.ok(error instanceof ZmtpError, String(error));
        }
      },
    ),
    { numRuns: 1000 },
  );
});

Deno.test("decodeFrames() refuses every length over the bound, up to 2^64 - 1", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: BigInt(LIMIT) + 1n, max: 2n ** 64n - 1n }), (length) => {
      const header = new Uint8Array(9);
      header[0] = 2;
      new DataView(header.buffer).setBigUint64(1, length);
      assert.throws(() => decodeFrames(header, 0, 9, LIMIT, []), ZmtpError);
    }),
  );
});

Deno.test("decodeFrames() refuses reserved flags and commands with MORE", () => {
  for (let flags = 0; flags < 256; flags++) {
    const bytes = Uint8Array.of(flags, 0, 0, 0, 0, 0, 0, 0, 0);
    const valid = [0, 1, 2, 3, 4, 6].includes(flags);
    if (valid) assert.doesNotThrow(() => decodeFrames(bytes, 0, 9, LIMIT, []));
    else assert.throws(() => decodeFrames(bytes, 0, 9, LIMIT, []), ZmtpError);
  }
});

Deno.test("createFrameReader() does not take memory on a header's word", async () => {
  const header = new Uint8Array(9);
  header[0] = 2;
  new DataView(header.buffer).setBigUint64(1, 2n ** 40n);
  let largest = 0;
  const connection: ByteConnection = {
    ...peerSending(header, [9]),
  };
  const inner = connection.read;
  connection.read = (into) => {
    largest = Math.max(largest, into.buffer.byteLength);
    return inner(into);
  };
  assert.deepEqual(await readAll(connection, 2 ** 41), []);
  assert.ok(largest <= 1024 * 1024, `${largest} bytes taken for 9`);
});
