/** Security handshakes with a peer that says anything at all. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Command, encodeMetadata } from "../../src/zmtp/command.ts";
import { ZmtpError } from "../../src/zmtp/error.ts";
import {
  curveClient,
  curveKeyPair,
  curveServer,
  type Mechanism,
  nullMechanism,
  plainClient,
  plainServer,
} from "../../src/zmtp/mod.ts";

const keys = curveKeyPair();
const mechanisms: Readonly<Record<string, Mechanism>> = {
  nullMechanism,
  plainClient: plainClient("ada", "s3cret"),
  plainServer: plainServer({ ada: "s3cret" }),
  curveClient: curveClient({ ...curveKeyPair(), serverKey: keys.publicKey }),
  curveServer: curveServer(keys),
};

const command = fc.record({
  name: fc.constantFrom("HELLO", "WELCOME", "INITIATE", "READY", "ERROR", "MESSAGE", "x"),
  data: fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.constantFrom(160, 194, 248).chain((size) =>
      fc.uint8Array({ minLength: size, maxLength: size })
    ),
  ),
});

const metadata = encodeMetadata([["Socket-Type", new TextEncoder().encode("REP")]]);

for (const [name, mechanism] of Object.entries(mechanisms)) {
  Deno.test(`${name}() refuses whatever is no handshake with a ZmtpError`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 3 }), async (commands) => {
        const left: Command[] = [...commands];
        const io = {
          send: () => Promise.resolve(),
          receive: () => {
            const next = left.shift();
            return next ? Promise.resolve(next) : Promise.reject(new ZmtpError("no more"));
          },
        };
        try {
          const session = await mechanism.handshake(io, metadata);
          assert.ok(!name.startsWith("curve"), "nobody guesses a box");
          assert.ok(session.metadata instanceof Map);
        } catch (error) {
          assert.ok(error instanceof ZmtpError, String(error));
        }
      }),
      { numRuns: 150 },
    );
  });
}

Deno.test("a CURVE cipher opens what the other side sealed, once, and nothing changed", async () => {
  const client = curveKeyPair();
  const toServer = pipe();
  const toClient = pipe();
  const [ours, theirs] = await Promise.all([
    curveClient({ ...client, serverKey: keys.publicKey })
      .handshake({ send: toServer.send, receive: toClient.receive }, metadata),
    curveServer(keys).handshake({ send: toClient.send, receive: toServer.receive }, metadata),
  ]);
  const frame = (body: Uint8Array) => ({ command: false, more: false, body });
  fc.assert(
    fc.property(fc.uint8Array(), fc.boolean(), fc.nat(), (body, more, at) => {
      const sealed = ours.cipher!.seal(body, more, !more);
      const changed = sealed.slice();
      changed[16 + at % (sealed.length - 16)]! ^= 1;
      const again = ours.cipher!.seal(body, more, !more);
      // A wrong frame ends the connection, so its nonce is gone: the next one is what counts.
      assert.throws(() => theirs.cipher!.open(frame(changed)), ZmtpError);
      const opened = theirs.cipher!.open(frame(again));
      assert.deepEqual([opened.more, opened.command, opened.body.toHex()], [
        more,
        !more,
        body.toHex(),
      ]);
      assert.throws(() => theirs.cipher!.open(frame(again)), /replayed/);
    }),
    { numRuns: 50 },
  );
});

/** One direction of a handshake, without a network. */
function pipe() {
  const sent: Uint8Array[] = [];
  let arrived = Promise.withResolvers<void>();
  return {
    send(body: Uint8Array) {
      sent.push(body);
      arrived.resolve();
      return Promise.resolve();
    },
    async receive(): Promise<Command> {
      if (sent.length === 0) await arrived.promise;
      arrived = Promise.withResolvers();
      const body = sent.shift()!;
      const size = body[0]!;
      return {
        name: new TextDecoder().decode(body.subarray(1, 1 + size)),
        data: body.slice(1 + size),
      };
    },
  };
}
