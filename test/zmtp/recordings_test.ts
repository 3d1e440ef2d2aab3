/** What libzmq 4.3.4 (Threat Bus) and its clients sent, taken apart and put together again. */
import assert from "node:assert/strict";
import {
  decodeCommand,
  decodeMetadata,
  encodeCommand,
  encodeMetadata,
} from "../../src/zmtp/command.ts";
import { encodeFrame, findFrames, type Frame, framesOf } from "../../src/zmtp/frame.ts";
import { decodeGreeting, encodeGreeting, GREETING_LENGTH } from "../../src/zmtp/greeting.ts";

/** The whole recordings where they are at hand, else the excerpts that come with the tests. */
const SHARED = new URL("../../../shared/golden/threatbus/", import.meta.url);
const EXCERPTS = new URL("../fixtures/zmtp/", import.meta.url);

interface Chunk {
  readonly c: number;
  readonly dir: string;
  readonly hex?: string;
}

/** The bytes of each direction of each connection in a recording. */
async function streams(file: URL): Promise<Map<string, Uint8Array>> {
  const all = new Map<string, string>();
  for (const line of (await Deno.readTextFile(file)).trim().split("\n")) {
    const { c, dir, hex = "" } = JSON.parse(line) as Chunk;
    const key = `${c}${dir}`;
    all.set(key, (all.get(key) ?? "") + hex);
  }
  return new Map(
    [...all].map(([key, hex]) => [
      key,
      Uint8Array.from(hex.match(/../g) ?? [], (h) => parseInt(h, 16)),
    ]),
  );
}

function framesIn(bytes: Uint8Array): Frame[] {
  const places: number[] = [];
  const { rest } = findFrames(bytes, GREETING_LENGTH, bytes.length, 1 << 20, places);
  assert.equal(rest, bytes.length, "the recording ends with a whole frame");
  return [...framesOf({ buffer: bytes, places })];
}

/** Names of metadata as libzmq writes them. */
const SPELLING: Readonly<Record<string, string>> = {
  "socket-type": "Socket-Type",
  identity: "Identity",
};

/** The frame's body, built anew from what it means. */
function rebuilt(frame: Frame): Uint8Array {
  if (!frame.command) return frame.body;
  const { name, data } = decodeCommand(frame.body);
  if (name !== "READY") return encodeCommand(name, data);
  const metadata = [...decodeMetadata(data)].map(([key, value]) =>
    [SPELLING[key] ?? key, value] as const
  );
  return encodeCommand(name, encodeMetadata(metadata));
}

async function recordings(): Promise<URL[]> {
  const found: URL[] = [];
  try {
    for await (const { name } of Deno.readDir(SHARED)) {
      if (/^04-raw-.*\.jsonl$/.test(name)) found.push(new URL(name, SHARED));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  for await (const { name } of Deno.readDir(EXCERPTS)) found.push(new URL(name, EXCERPTS));
  return found;
}

for (const file of await recordings()) {
  Deno.test(`the codec takes ${file.pathname.split("/").slice(-2).join("/")} apart and rebuilds it byte for byte`, async () => {
    let handshakes = 0;
    for (const [key, bytes] of await streams(file)) {
      // A connection that ended before the greeting was whole has no frames.
      if (bytes.length < GREETING_LENGTH) continue;
      const greeting = decodeGreeting(bytes.subarray(0, GREETING_LENGTH));
      assert.deepEqual(greeting, { minor: 1, mechanism: "NULL", asServer: false });
      const frames = framesIn(bytes);
      const again = [
        encodeGreeting("NULL", false),
        ...frames.map((frame) => encodeFrame(rebuilt(frame), frame)),
      ];
      assert.equal(hexOf(...again), hexOf(bytes), key);
      if (frames[0]?.command && decodeCommand(frames[0].body).name === "READY") handshakes++;
    }
    assert.ok(handshakes >= 2, "both sides shook hands");
  });
}

function hexOf(...parts: readonly Uint8Array[]): string {
  return parts.map((part) => part.toHex()).join("");
}
