import assert from "node:assert/strict";
import fc from "fast-check";
import { readBlocks } from "../../../../src/engines/logs/read/blocks.ts";

/** A stream that gives its bytes in pieces of these sizes, over and over. */
function streamOf(bytes: Uint8Array, sizes: readonly number[]) {
  let at = 0, turn = 0;
  return {
    read(into: Uint8Array) {
      const size = Math.min(sizes[turn++ % sizes.length]!, into.length, bytes.length - at);
      into.set(bytes.subarray(at, at + size));
      at += size;
      return Promise.resolve(size);
    },
  };
}

/** Lines as blocks give them, `null` for each that was skipped. */
async function linesOf(bytes: Uint8Array, sizes: readonly number[], limits: [number, number]) {
  const [blockBytes, maxLineBytes] = limits;
  const lines: (string | null)[] = [];
  let end = 0;
  for await (const block of readBlocks(streamOf(bytes, sizes), { blockBytes, maxLineBytes })) {
    for (let i = 0; i < block.skipped; i++) lines.push(null);
    const text = new TextDecoder("latin1").decode(block.bytes);
    assert.equal(block.unterminated, !text.endsWith("\n"));
    if (text !== "") lines.push(...text.replace(/\n$/, "").split("\n"));
    assert.ok(block.end > end && block.end <= bytes.length);
    end = block.end;
  }
  assert.equal(end, bytes.length);
  return lines;
}

Deno.test("readBlocks() gives the lines of the text wherever it is cut", async () => {
  const text = fc.array(fc.stringMatching(/^[a-z]{0,12}$/)).map((lines) => lines.join("\n"));
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
  const blockBytes = fc.integer({ min: 1, max: 40 });
  await fc.assert(
    fc.asyncProperty(text, sizes, blockBytes, async (text, sizes, blockBytes) => {
      const expected = text === "" ? [] : text.replace(/\n$/, "").split("\n");
      const bytes = new TextEncoder().encode(text);
      assert.deepEqual(await linesOf(bytes, sizes, [blockBytes, 64]), expected);
    }),
    { numRuns: 500 },
  );
});

Deno.test("readBlocks() skips lines beyond the limit and keeps count", async () => {
  const line = fc.oneof(
    fc.stringMatching(/^[a-z]{0,15}$/),
    fc.integer({ min: 16, max: 90 }).map((length) => "L".repeat(length)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 20 }), async (lines, size) => {
      const bytes = new TextEncoder().encode(lines.map((line) => line + "\n").join(""));
      const expected = lines.map((line) => line.length >= 16 ? null : line);
      assert.deepEqual(await linesOf(bytes, [size], [8, 16]), expected);
    }),
    { numRuns: 500 },
  );
});

Deno.test("readBlocks() leaves the byte order mark out", async () => {
  const bytes = new Uint8Array([0xef, 0xbb, 0xbf, 0x7b, 0x7d, 10]);
  assert.deepEqual(await linesOf(bytes, [1], [64, 64]), ["{}"]);
  assert.deepEqual(await linesOf(bytes, [64], [64, 64]), ["{}"]);
});
