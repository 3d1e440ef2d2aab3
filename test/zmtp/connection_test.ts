import assert from "node:assert/strict";
import { type Incoming, messagesIn } from "../../src/zmtp/assembly.ts";
import { encodeCommand, encodeMetadata } from "../../src/zmtp/command.ts";
import { type Connection, openConnection } from "../../src/zmtp/connection.ts";
import { encodeFrame } from "../../src/zmtp/frame.ts";
import { encodeGreeting } from "../../src/zmtp/greeting.ts";
import type { SocketType } from "../../src/zmtp/handshake.ts";
import { nullMechanism } from "../../src/zmtp/security/null.ts";
import { joined } from "./peer_sending.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const latin1 = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);
const command = (name: string, ...data: Uint8Array[]) =>
  encodeFrame(encodeCommand(name, ...data), { command: true });
const message = (text: string) => encodeFrame(utf8(text));

/** A connection to a peer of which each read is given, and all that was written to it. */
async function connect(socketType: SocketType, peerType: SocketType) {
  const reads: Uint8Array[] = [];
  let wake = () => {};
  const written: string[] = [];
  const say = (...frames: Uint8Array[]) => {
    reads.push(joined(frames));
    wake();
  };
  say(
    encodeGreeting("NULL", false),
    command("READY", encodeMetadata([["Socket-Type", utf8(peerType)]])),
  );
  const connection = await openConnection({
    async read(into) {
      while (reads.length === 0) await new Promise<void>((resolve) => wake = resolve);
      const [first] = reads;
      const count = Math.min(into.length, first!.length);
      into.set(first!.subarray(0, count));
      if (count === first!.length) reads.shift();
      else reads[0] = first!.subarray(count);
      return count;
    },
    write: (bytes) => {
      written.push(latin1(bytes));
      return Promise.resolve(bytes.length);
    },
    closeWrite: () => Promise.resolve(),
    close: () => {},
  }, {
    socketType,
    mechanism: nullMechanism,
    maxMessageSize: 10_000,
    handshakeTimeout: 10_000,
    heartbeat: 0,
  });
  return { connection, say, told: (name: string) => written.some((text) => text.includes(name)) };
}

/** The texts of the next batch; what is under way without it has its turns first. */
async function next(incoming: ReturnType<Connection["incoming"]>): Promise<string[]> {
  const { value } = await incoming.next();
  await new Promise((resolve) => setTimeout(resolve, 0));
  return [...messagesIn(value as readonly Incoming[])].map(([frame]) => latin1(frame!));
}

Deno.test("Connection.incoming() answers a PING when its reader is done with what came before", async () => {
  const { connection, say, told } = await connect("SUB", "PUB");
  let settled = 0;
  const incoming = connection.incoming(() => {
    assert.equal(told("PONG"), false);
    settled++;
  });
  say(message("one"), command("PING", Uint8Array.of(0, 0, 7)), message("two"));
  assert.deepEqual(await next(incoming), ["one", "two"]);
  assert.equal(told("PONG"), false);
  say(message("three"));
  assert.deepEqual(await next(incoming), ["three"]);
  assert.equal(told("\x04PONG\x07"), true);
  assert.equal(settled, 1);
  connection.close();
});

Deno.test("Connection.roundTrip() ends when the reader is done with what came before the PONG", async () => {
  const { connection, say } = await connect("PUB", "SUB");
  const incoming = connection.incoming();
  let isOver = false;
  const over = connection.roundTrip().then(() => isOver = true);
  say(command("PONG", Uint8Array.of(1)), message("one"));
  assert.deepEqual(await next(incoming), ["one"]);
  assert.equal(isOver, false);
  say(message("two"));
  assert.deepEqual(await next(incoming), ["two"]);
  await over;
  connection.close();
});
