import assert from "node:assert/strict";
import * as zlib from "node:zlib";
import fc from "fast-check";
import { byteStream, openByteStream } from "../../../../src/engines/logs/read/byte_stream.ts";
import { decompress } from "../../../../src/engines/logs/read/decompress.ts";
import { decodeFrame } from "../../../../src/engines/logs/read/zstd_decoder.ts";
import { zstdFrames } from "../../../../src/engines/logs/read/zstd_frames.ts";

const SIGNAL = new AbortController().signal;
const HAS_ZSTD = typeof zlib.zstdCompressSync === "function";

/** A source that gives its bytes in pieces of this size. */
function sourceOf(bytes: Uint8Array, size: number) {
  let at = 0;
  return {
    read(into: Uint8Array) {
      const n = Math.min(size, into.length, bytes.length - at);
      into.set(bytes.subarray(at, at + n));
      at += n;
      return Promise.resolve(n === 0 ? null : n);
    },
    close: () => {},
  };
}

/** Text and damage of a stream. */
async function readAll(bytes: Uint8Array, size = 1 << 16) {
  const stream = await byteStream(sourceOf(bytes, size), SIGNAL);
  const buffer = new Uint8Array(1000);
  const decoder = new TextDecoder();
  let text = "";
  for (let n = await stream.read(buffer); n > 0; n = await stream.read(buffer)) {
    text += decoder.decode(buffer.subarray(0, n), { stream: true });
  }
  if (stream.damage === undefined) assert.equal(stream.rawBytes, bytes.length);
  stream.close();
  return { text, damage: stream.damage, compression: stream.compression };
}

const join = (...parts: Uint8Array[]) => new Uint8Array(parts.flatMap((part) => [...part]));
const TEXT = Array.from({ length: 3000 }, (_, i) => `line ${i * 7919}\n`).join("");

Deno.test("byteStream() gives plain bytes as they are", async () => {
  assert.deepEqual(await readAll(new TextEncoder().encode("plain"), 1), {
    text: "plain",
    damage: undefined,
    compression: "none",
  });
});

const packers: ["gzip" | "zstd", boolean, (text: string) => Uint8Array][] = [
  ["gzip", true, (text) => zlib.gzipSync(text)],
  ["zstd", HAS_ZSTD, (text) => zlib.zstdCompressSync(text)],
];

for (const [name, possible, pack] of packers) {
  Deno.test({
    name: `byteStream() reads ${name}, one part after another`,
    ignore: !possible,
    async fn() {
      for (const size of [1, 7, 1 << 16]) {
        const { text, damage, compression } = await readAll(
          join(pack(TEXT), pack("b"), pack("c")),
          size,
        );
        assert.equal(text, TEXT + "bc");
        assert.deepEqual([damage, compression], [undefined, name]);
      }
    },
  });

  Deno.test({
    name: `byteStream() says when ${name} is cut short or damaged`,
    ignore: !possible,
    async fn() {
      const packed = join(pack("a"), pack(TEXT));
      const cut = await readAll(packed.subarray(0, packed.length - 20));
      assert.equal(cut.damage, `${name} stream ends early`);
      assert.ok(cut.text.startsWith("a"));
      packed.fill(0x55, packed.length - 200, packed.length - 100);
      assert.match(
        (await readAll(packed)).damage!,
        new RegExp(`^${name} stream (is damaged|ends early)`),
      );
    },
  });
}

Deno.test("byteStream() gives all that stands before a damage", async () => {
  const packed = new Uint8Array(zlib.gzipSync(TEXT));
  const wrongChecksum = packed.slice();
  wrongChecksum[packed.length - 8]! ^= 0xff;
  const damaged = join(zlib.gzipSync("first\n"), wrongChecksum);
  const followed = join(packed, new TextEncoder().encode("something else"));
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, followed);
    for (const size of [10, 1 << 16]) {
      assert.deepEqual(await readAll(damaged, size), {
        text: "first\n" + TEXT,
        damage: "gzip stream is damaged (incorrect data check)",
        compression: "gzip",
      });
      assert.deepEqual(await readAll(followed, size), {
        text: TEXT,
        damage: "something else follows the gzip stream",
        compression: "gzip",
      });
    }
    // More than is kept of a pipe is read again from the file.
    const stream = await openByteStream(path, SIGNAL);
    const buffer = new Uint8Array(2 * TEXT.length);
    let length = 0;
    for (let n = 1; n > 0; length += n) n = await stream.read(buffer.subarray(length));
    stream.close();
    assert.equal(new TextDecoder().decode(buffer.subarray(0, length)), TEXT);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test({
  name: "decodeFrame() gives all of a frame, then fails if its checksum is wrong",
  ignore: !HAS_ZSTD,
  async fn() {
    const checked = { params: { [zlib.constants.ZSTD_c_checksumFlag]: 1 } };
    const sound = new Uint8Array(zlib.zstdCompressSync(TEXT, checked));
    const wrong = sound.slice();
    wrong[wrong.length - 1]! ^= 0xff;
    const decode = async (bytes: Uint8Array, size: number, cut = false) => {
      async function* parts() {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      }
      const decoder = new TextDecoder();
      let text = "";
      let failure = "";
      try {
        for await (const chunk of decodeFrame(parts(), () => cut)) text += decoder.decode(chunk);
      } catch (error) {
        failure = (error as Error).message;
      }
      return [text, failure];
    };
    for (const size of [1, 3, 1 << 16]) {
      assert.deepEqual(await decode(sound, size), [TEXT, ""]);
      assert.deepEqual(await decode(wrong, size), [TEXT, "wrong checksum"]);
      assert.deepEqual(await decode(wrong, size, true), [TEXT, ""]);
      assert.deepEqual(await decode(zlib.zstdCompressSync(TEXT), size), [TEXT, ""]);
    }
  },
});

Deno.test({
  name:
    "zstdFrames() cuts at the ends of frames, wherever chunks end, and skips what is to be skipped",
  ignore: !HAS_ZSTD,
  async fn() {
    const skippable = join(
      Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0),
      Uint8Array.of(1, 2, 3),
    );
    const frame = fc.oneof(
      fc.string().map((text) => new Uint8Array(zlib.zstdCompressSync(text))),
      fc.constant(new Uint8Array(zlib.zstdCompressSync(TEXT))),
      fc.constant(skippable),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(frame, { maxLength: 4 }),
        fc.integer({ min: 1, max: 30 }),
        async (frames, size) => {
          const bytes = join(...frames);
          async function* chunks() {
            for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
          }
          const found: Uint8Array[] = [];
          let parts: Uint8Array[] = [];
          for await (const part of zstdFrames(chunks())) {
            parts.push(part.bytes.slice());
            if (!part.end) continue;
            found.push(join(...parts));
            parts = [];
          }
          assert.equal(parts.length, 0);
          assert.deepEqual(found, frames.filter((frame) => frame !== skippable));
        },
      ),
      { numRuns: 60 },
    );
  },
});

/** Text and damage of a stream that comes in pieces, read into a buffer of a size. */
async function unpack(
  compression: "gzip" | "zstd",
  bytes: Uint8Array,
  size: number,
  room: number,
) {
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const unpacked = decompress(compression, pieces(), pieces);
  const buffer = new Uint8Array(room);
  const out: Uint8Array[] = [];
  for (let n = -1; n !== 0; out.push(buffer.slice(0, n))) n = await unpacked.read(buffer);
  unpacked.close();
  return { text: new TextDecoder().decode(join(...out)), damage: unpacked.damage };
}

for (const [name, possible, pack] of packers) {
  Deno.test({
    name: `decompress() gives the same of ${name} however it is cut and damaged`,
    ignore: !possible,
    async fn() {
      const text = fc.oneof(fc.string(), fc.constant(TEXT.slice(0, 3000)), fc.constant(""));
      const harm = fc.oneof(
        fc.constant({ type: "none" } as const),
        fc.record({ type: fc.constant("cut" as const), at: fc.nat() }),
        fc.record({ type: fc.constant("flip" as const), at: fc.nat() }),
        fc.record({
          type: fc.constant("garbage" as const),
          bytes: fc.uint8Array({ minLength: 4 }),
        }),
      );
      const size = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.constant(1 << 16));
      await fc.assert(
        fc.asyncProperty(
          fc.array(text, { minLength: 1, maxLength: 4 }),
          harm,
          size,
          size,
          async (texts, harm, size, room) => {
            let bytes = join(...texts.map(pack));
            if (harm.type === "cut") bytes = bytes.subarray(0, 1 + harm.at % bytes.length);
            if (harm.type === "flip") bytes[harm.at % bytes.length]! ^= 0x11;
            // Zeros may stand behind a member.
            const garbage = harm.type === "garbage" ? [...harm.bytes.with(0, 1)] : [];
            bytes = join(bytes, Uint8Array.from(garbage));
            const outcome = await unpack(name, bytes, size, room);
            assert.deepEqual(outcome, await unpack(name, bytes, 1, 1 << 16));
            const whole = texts.join("");
            if (harm.type === "none") assert.deepEqual(outcome, { text: whole, damage: undefined });
            if (harm.type === "cut") assert.ok(whole.startsWith(outcome.text));
            if (harm.type === "garbage") {
              const damage = `something else follows the ${name} stream`;
              const expected = whole === "" ? outcome.damage : damage;
              assert.deepEqual(outcome, { text: whole, damage: expected });
            }
          },
        ),
        { numRuns: 60 },
      );
    },
  });
}

Deno.test("byteStream() reads members of gzip with zeros between them", async () => {
  const packed = join(zlib.gzipSync("a"), new Uint8Array(600), zlib.gzipSync("b"));
  for (const size of [1, 100, 1 << 16]) {
    const { text, damage } = await readAll(packed, size);
    assert.deepEqual([text, damage], ["ab", undefined]);
  }
});
