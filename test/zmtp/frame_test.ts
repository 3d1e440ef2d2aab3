import assert from "node:assert/strict";
import fc from "fast-check";
import { ZmtpError } from "../../src/zmtp/error.ts";
import { encodeFrame, findFrames, type Frame, framesOf, PLACE } from "../../src/zmtp/frame.ts";
import { type ByteConnection, createFrameReader } from "../../src/zmtp/wire.ts";
import { joined, peerSending, readSizes } from "./peer_sending.ts";

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

async function readAll(connection: ByteConnection, limit = LIMIT): Promise<Frame[]> {
  const reader = createFrameReader(connection, limit);
  const all: Frame[] = [];
  for (let some; (some = await reader.readFrames()) !== undefined;) all.push(...framesOf(some));
  return all;
}

Deno.test("createFrameReader() gives the same frames however their bytes are cut", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { maxLength: 12 }), readSizes, async (frames, sizes) => {
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

Deno.test("findFrames() refuses every length over the bound, up to 2^64 - 1", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: BigInt(LIMIT) + 1n, max: 2n ** 64n - 1n }), (length) => {
      const header = new Uint8Array(9);
      header[0] = 2;
      new DataView(header.buffer).setBigUint64(1, length);
      assert.throws(() => findFrames(header, 0, 9, LIMIT, []), ZmtpError);
    }),
  );
});

Deno.test("findFrames() refuses reserved flags and commands with MORE", () => {
  for (let flags = 0; flags < 256; flags++) {
    const bytes = Uint8Array.of(flags, 0, 0, 0, 0, 0, 0, 0, 0);
    const valid = [0, 1, 2, 3, 4, 6].includes(flags);
    if (valid) assert.doesNotThrow(() => findFrames(bytes, 0, 9, LIMIT, []));
    else assert.throws(() => findFrames(bytes, 0, 9, LIMIT, []), ZmtpError);
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

Deno.test("createFrameReader() hears of each piece of a long frame, kept or not", async () => {
  for (const skipAbove of [undefined, 100]) {
    const pieces = [Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 1, 0), new Uint8Array(150)];
    const times: number[] = [];
    const reader = createFrameReader({
      ...peerSending(new Uint8Array(0), [1]),
      read(into) {
        times.push(reader.heard);
        for (const now = performance.now(); performance.now() === now;);
        const piece = pieces.shift();
        if (piece !== undefined) into.set(piece);
        return Promise.resolve(piece?.length ?? null);
      },
    }, LIMIT);
    reader.allow(LIMIT, skipAbove);
    assert.equal(await reader.readFrames(), undefined);
    assert.ok(times[0]! < times[1]! && times[1]! < times[2]!, times.join());
  }
});

Deno.test("createFrameReader() keeps small messages that come one by one in the same memory", async () => {
  const body = new Uint8Array(100);
  const bytes = joined(Array.from({ length: 20_000 }, () => encodeFrame(body)));
  // Fast at first, so that its buffers grow; then each message comes alone.
  const sizes = [...Array.from({ length: 40 }, () => 16_384), ...Array(20_000).fill(102)];
  const reader = createFrameReader(peerSending(bytes, sizes), LIMIT);
  const buffers = new Set<Uint8Array>();
  let messages = 0;
  for (let some; (some = await reader.readFrames()) !== undefined;) {
    buffers.add(some.buffer);
    messages += some.places.length / PLACE;
  }
  assert.equal(messages, 20_000);
  const held = [...buffers].reduce((sum, { length }) => sum + length, 0);
  assert.ok(held < bytes.length * 4 / 3 + 512 * 1024, `${held} bytes hold ${bytes.length}`);
});
