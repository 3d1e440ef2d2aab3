import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { receiveAhead, sendAhead } from "../../../../src/engines/logs/read/ahead.ts";
import { readBlocks } from "../../../../src/engines/logs/read/blocks.ts";
import { type ByteStream, openByteStream } from "../../../../src/engines/logs/read/byte_stream.ts";
import { identityOf } from "../../../../src/engines/logs/read/identity.ts";

const never = new AbortController().signal;
const LIMITS = { blockBytes: 64, maxLineBytes: 300 };

/** Blocks aside: lines, skipped lines, how it ends. */
async function outcome(stream: ByteStream) {
  const decoder = new TextDecoder();
  let text = "", skipped = 0, unterminated = false, end = 0;
  for await (const block of readBlocks(stream, LIMITS)) {
    text += decoder.decode(block.bytes, { stream: true });
    skipped += block.skipped;
    ({ unterminated, end } = block);
  }
  stream.close();
  const { compression, rawBytes, damage } = stream;
  return { text, skipped, unterminated, end, compression, rawBytes, damage };
}

async function readAhead(path: string, opening = {}, blockBytes?: number, signal = never) {
  const { port1, port2 } = new MessageChannel();
  const sending = sendAhead(port1, path, opening, blockBytes);
  try {
    return await outcome(await receiveAhead(port2, signal));
  } finally {
    await sending;
  }
}

Deno.test("receiveAhead() gives what the file gives, whatever its blocks, members and damage", async () => {
  const path = await Deno.makeTempFile();
  const line = fc.oneof(
    fc.string(),
    fc.constant(""),
    fc.constant('{"a":"b"}\r'),
    fc.constant("x".repeat(500)),
    fc.constant("#separator \\x09"),
  );
  const member = fc.tuple(fc.array(line, { maxLength: 20 }), fc.boolean());
  await fc.assert(
    fc.asyncProperty(
      fc.array(member, { minLength: 1, maxLength: 5 }),
      fc.constantFrom("none", "cut", "flip", "garbage", "plain"),
      fc.nat(),
      fc.integer({ min: 1, max: 700 }),
      async (members, harm, at, blockBytes) => {
        const texts = members.map(([lines, open]) => lines.join("\n") + (open ? "" : "\n"));
        const packed = texts.flatMap((text) => [...gzipSync(text)]);
        let bytes = Uint8Array.from(packed);
        if (harm === "cut") bytes = bytes.slice(0, 4 + at % (bytes.length - 4));
        if (harm === "flip") bytes[10 + at % (bytes.length - 10)]! ^= 1 << at % 8;
        if (harm === "garbage") bytes = Uint8Array.from([...packed, 1, 2, 3]);
        if (harm === "plain") bytes = new TextEncoder().encode(texts.join(""));
        await Deno.writeFile(path, bytes);
        const near = await outcome(await openByteStream(path, never));
        assert.deepEqual(await readAhead(path, {}, blockBytes), near);
      },
    ),
    { numRuns: 80 },
  );
  await Deno.remove(path);
});

Deno.test("receiveAhead() fails as opening the file does", async () => {
  const path = await Deno.makeTempFile();
  await assert.rejects(readAhead(`${path}.gone`), Deno.errors.NotFound);
  await assert.rejects(readAhead(path, { identity: "1:1" }), Deno.errors.NotFound);
  const identity = identityOf(await Deno.stat(path), path);
  assert.equal((await readAhead(path, { identity })).text, "");
  await Deno.remove(path);
});

Deno.test("sendAhead() waits for its buffers, and ends when no more is wanted", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeFile(path, gzipSync("line\n".repeat(100_000)));
  const { port1, port2 } = new MessageChannel();
  const sending = sendAhead(port1, path, {}, 100);
  const stream = await receiveAhead(port2, never);
  assert.equal(await stream.read(new Uint8Array(70)), 70);
  stream.close();
  await sending;
  await Deno.remove(path);
});

Deno.test("receiveAhead() stops waiting when its signal aborts", async () => {
  const { port1, port2 } = new MessageChannel();
  const controller = new AbortController();
  const receiving = receiveAhead(port2, controller.signal);
  controller.abort(new Error("enough"));
  await assert.rejects(receiving, /enough/);
  port1.close();
});
