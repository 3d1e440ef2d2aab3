import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeFrame, findFrames } from "../../src/zmtp/frame.ts";
import { listed, type Messages, packed } from "../../src/zmtp/messages.ts";
import { joined } from "./peer_sending.ts";

const contents = (messages: Messages) => [
  messages.length,
  messages.size,
  [...messages].map((message) => message.map((frame) => frame.toHex())),
];

/** Two letters only, so that prefixes hit. */
const body = fc.uint8Array({ max: 1, maxLength: 6 });

Deno.test("packed() messages are what the same messages are as objects, cut and chosen alike", () => {
  const index = fc.nat(12);
  fc.assert(
    fc.property(
      fc.array(body, { maxLength: 10 }),
      index,
      index,
      body,
      (bodies, from, to, prefix) => {
        const buffer = joined([Uint8Array.of(1, 1, 1), ...bodies.map((one) => encodeFrame(one))]);
        const places: number[] = [];
        findFrames(buffer, 3, buffer.length, 100, places);
        const pack = packed({ buffer, places }, 0, bodies.length);
        const list = listed(bodies.map((one) => [one]));
        assert.deepEqual(contents(pack), contents(list));
        assert.deepEqual(contents(pack.slice(from)), contents(list.slice(from)));
        assert.deepEqual(contents(pack.slice(from, to)), contents(list.slice(from, to)));
        const part = pack.slice(from, to), chosen = part.startingWith(prefix);
        assert.deepEqual(contents(chosen), contents(list.slice(from, to).startingWith(prefix)));
        assert.deepEqual(contents(part.slice(1, 3)), contents(list.slice(from, to).slice(1, 3)));
      },
    ),
  );
});

Deno.test("Messages.startingWith() does not keep the buffer of those that are not wanted", () => {
  const buffer = joined([encodeFrame(Uint8Array.of(1)), encodeFrame(Uint8Array.of(2))]);
  const places: number[] = [];
  findFrames(buffer, 0, buffer.length, 100, places);
  const all = packed({ buffer, places }, 0, 2);
  const [[one]] = [...all.startingWith(Uint8Array.of(2))] as unknown as [[Uint8Array]];
  assert.deepEqual([...one], [2]);
  assert.notEqual(one.buffer, buffer.buffer);
});
