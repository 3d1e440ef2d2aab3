import assert from "node:assert/strict";
import fc from "fast-check";
import { type AssemblyOptions, createAssembly } from "../../src/zmtp/assembly.ts";
import { encodeCommand } from "../../src/zmtp/command.ts";
import { ZmtpError } from "../../src/zmtp/error.ts";
import { encodeFrame, type Frame, framesOf } from "../../src/zmtp/frame.ts";
import { createFrameReader } from "../../src/zmtp/wire.ts";
import { joined, peerSending, readSizes } from "./peer_sending.ts";

const LIMIT = 100_000;
const utf8 = (text: string) => new TextEncoder().encode(text);

/** A cipher that turns all bits, with the kind of a frame in front, as CURVE has it. */
const CIPHER: NonNullable<AssemblyOptions["cipher"]> = {
  seal: (body, more, command) =>
    Uint8Array.of(Number(more), Number(command), ...body).map((byte) => byte ^ 255),
  open: ({ body }) => {
    const [more, command, ...rest] = body.map((byte) => byte ^ 255);
    return { more: more === 1, command: command === 1, body: Uint8Array.from(rest) };
  },
};

/** What a peer means, as frames and in words. */
interface Meaning {
  readonly frames: readonly Frame[];
  readonly words: readonly string[];
}

const short = fc.uint8Array({ min: 2, maxLength: 12 });
const body = fc.oneof(
  { weight: 6, arbitrary: short },
  fc.nat(40_000).map((size) => new Uint8Array(size).fill(7)),
);
const one = (body: Uint8Array, more = false, command = false): Frame => ({ body, more, command });
const single = body.map((body) => meaning([one(body)], `message ${body.toHex()}`));
const several = fc.array(body, { minLength: 2, maxLength: 4 }).map((bodies) =>
  meaning(
    bodies.map((body, index) => one(body, index < bodies.length - 1)),
    `message ${bodies.map((body) => body.toHex()).join()}`,
  )
);
const command = fc.tuple(fc.constantFrom("SUBSCRIBE", "CANCEL", "PING", "LATER"), short).map(
  ([name, data]) =>
    meaning([one(encodeCommand(name, data), false, true)], `${name} ${data.toHex()}`),
);
/** Subscriptions of ZMTP 3.0: those who take none have them as messages. */
const subscription = fc.tuple(fc.constantFrom(0, 1), short).map(([byte, topic]) =>
  meaning(
    [one(Uint8Array.of(byte, ...topic))],
    `${byte === 1 ? "SUBSCRIBE" : "CANCEL"} ${topic.toHex()}`,
  )
);

function meaning(frames: readonly Frame[], word: string): Meaning {
  return { frames, words: [word] };
}

/** What is understood, in words; commands of the connection go by themselves, as they come at once. */
async function understood(
  options: AssemblyOptions,
  bytes: Uint8Array,
  sizes: readonly number[],
  asObjects: boolean,
) {
  const words: string[] = [], commands: string[] = [];
  const assembly = createAssembly(options, ({ name, data }) => {
    commands.push(`${name} ${data.toHex()}`);
  });
  const reader = createFrameReader(peerSending(bytes, sizes), LIMIT);
  for (let frames; (frames = await reader.readFrames()) !== undefined;) {
    const all = asObjects ? assembly.takeEach([...framesOf(frames)]) : assembly.take(frames);
    for (const incoming of all) {
      if (incoming.type !== "messages") {
        words.push(`${incoming.type.toUpperCase()} ${incoming.topic.toHex()}`);
      } else {
        for (const message of incoming.messages) {
          words.push(`message ${message.map((frame) => frame.toHex()).join()}`);
        }
      }
    }
  }
  return { words, commands };
}

for (const cipher of [undefined, CIPHER]) {
  for (const socketType of ["SUB", "REP", "PUB"] as const) {
    const title = `createAssembly() understands the same however the bytes are cut: ${socketType}` +
      (cipher === undefined ? "" : " with a cipher");
    Deno.test(title, async () => {
      const options = { socketType, cipher, maxMessageSize: 3 * LIMIT };
      const kinds = socketType === "PUB"
        ? [single, several, command, subscription]
        : [{ weight: 5, arbitrary: single }, several, command];
      const meanings = fc.array(fc.oneof(...kinds), { maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(meanings, readSizes, fc.boolean(), async (meanings, sizes, asObjects) => {
          const bytes = joined(
            meanings.flatMap(({ frames }) => frames).map((frame) =>
              cipher === undefined
                ? encodeFrame(frame.body, frame)
                : encodeFrame(cipher.seal(frame.body, frame.more, frame.command))
            ),
          );
          const words = meanings.flatMap(({ words }) => words);
          const isCommand = (word: string) => /^(PING|LATER)/.test(word);
          assert.deepEqual(await understood(options, bytes, sizes, asObjects), {
            words: words.filter((word) => !isCommand(word)),
            commands: words.filter(isCommand),
          });
        }),
        { numRuns: 60 },
      );
    });
  }
}

Deno.test("createAssembly() gives runs of messages as one, with what comes between in its place", async () => {
  const frames = ["a", "b"].map((letter) => encodeFrame(utf8(letter)));
  const two = [encodeFrame(utf8("c"), { more: true }), encodeFrame(utf8("d"))];
  const subscribe = encodeFrame(encodeCommand("SUBSCRIBE", utf8("t")), { command: true });
  const bytes = joined([...frames, ...frames, subscribe, ...frames, ...two, ...two, ...frames]);
  const read = await createFrameReader(peerSending(bytes, [bytes.length]), LIMIT).readFrames();
  const assembly = createAssembly(
    { socketType: "SUB", cipher: undefined, maxMessageSize: LIMIT },
    () => assert.fail("no such command"),
  );
  const lengths = assembly.take(read!).map((one) =>
    one.type === "messages" ? one.messages.length : one.type
  );
  assert.deepEqual(lengths, [4, "subscribe", 2, 2, 2]);
});

Deno.test("createAssembly() takes a message of the most bytes and none that is longer, in one frame or many", async () => {
  const options = { socketType: "SUB", cipher: undefined, maxMessageSize: 1000 } as const;
  const reading = (...frames: readonly Uint8Array[]) =>
    createFrameReader(peerSending(joined(frames), [5000]), LIMIT).readFrames();
  for (const asObjects of [false, true]) {
    const take = async (...parts: readonly Uint8Array[]) => {
      const frames = (await reading(...parts))!;
      const assembly = createAssembly(options, () => {});
      return asObjects ? assembly.takeEach([...framesOf(frames)]) : assembly.take(frames);
    };
    const first = encodeFrame(new Uint8Array(436), { more: true });
    assert.equal((await take(encodeFrame(new Uint8Array(1000)))).length, 1);
    await assert.rejects(take(encodeFrame(new Uint8Array(1001))), ZmtpError);
    // A frame with more to follow counts as 64 bytes more.
    assert.equal((await take(first, encodeFrame(new Uint8Array(500)))).length, 1);
    await assert.rejects(take(first, encodeFrame(new Uint8Array(501))), ZmtpError);
  }
});

Deno.test("createAssembly() keeps no buffer for a topic or the beginning of a message", async () => {
  const options = { cipher: undefined, maxMessageSize: LIMIT };
  const take = async (socketType: "PUB" | "SUB", ...frames: readonly Uint8Array[]) => {
    const reader = createFrameReader(peerSending(joined(frames), [LIMIT]), LIMIT);
    return createAssembly({ ...options, socketType }, () => {}).take((await reader.readFrames())!);
  };
  const memoryOf = (bytes: Uint8Array) => bytes.buffer.byteLength;
  const command = encodeFrame(encodeCommand("SUBSCRIBE", utf8("topic")), { command: true });
  const message = encodeFrame(utf8("\x01topic"));
  for (const one of await take("PUB", command, message)) {
    assert.ok(one.type === "subscribe");
    assert.equal(memoryOf(one.topic), 5);
  }
  const first = encodeFrame(utf8("first"), { more: true });
  const [several] = await take("SUB", first, encodeFrame(utf8("last")));
  assert.ok(several?.type === "messages");
  assert.equal(memoryOf([...several.messages][0]![0]!), 5);
});

Deno.test("createAssembly() tells of a message with a frame too long to keep, and of all around it", async () => {
  const above = 5000;
  const size = fc.oneof(
    fc.nat(300),
    fc.integer({ min: above - 2, max: above + 2 }),
    fc.nat(200_000),
  );
  const messages = fc.array(fc.array(size, { minLength: 1, maxLength: 3 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(messages, readSizes, async (messages, sizes) => {
      let number = 0;
      const bodies = messages.map((lengths) =>
        lengths.map((length) => new Uint8Array(length).fill(++number))
      );
      const frames = bodies.flatMap((message) =>
        message.map((body, index) => encodeFrame(body, { more: index < message.length - 1 }))
      );
      const bytes = new Uint8Array(await new Blob(frames as BlobPart[]).arrayBuffer());
      const reader = createFrameReader(peerSending(bytes, sizes), LIMIT);
      reader.allow(10_000_000, above);
      const assembly = createAssembly(
        { socketType: "SUB", maxMessageSize: 10_000_000, cipher: undefined },
        () => {},
      );
      const came: unknown[] = [];
      for (let read; (read = await reader.readFrames()) !== undefined;) {
        for (const one of assembly.take(read)) {
          assert.equal(one.type, "messages");
          if (one.type !== "messages") continue;
          for (const message of one.messages) {
            came.push([message.cutFrom, message.map(({ length }) => length), message[0]?.at(-1)]);
          }
        }
      }
      const expected = bodies.map((message) => {
        const long = message.find(({ length }) => length > above);
        return long === undefined
          ? [undefined, message.map(({ length }) => length), message[0]!.at(-1)]
          : [long.length, [Math.min(long.length, 4096)], long[0]];
      });
      assert.deepEqual(came, expected);
    }),
    { numRuns: 50 },
  );
});

Deno.test("createFrameReader() ends at a frame whose length no message has, whatever may be skipped", async () => {
  const header = Uint8Array.of(2, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3);
  const reader = createFrameReader(peerSending(header, [5]), LIMIT);
  reader.allow(LIMIT, 1000);
  await assert.rejects(reader.readFrames(), ZmtpError);
});
