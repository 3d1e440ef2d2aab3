import assert from "node:assert/strict";
import * as zlib from "node:zlib";
import fc from "fast-check";
import { byteStream } from "../../../../src/engines/logs/read/byte_stream.ts";
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
  assert.equal(stream.rawBytes, bytes.length);
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

const packers: [string, boolean, (text: string) => Uint8Array][] = [
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
