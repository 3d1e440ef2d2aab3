import nacl from "tweetnacl";
import { concat, decodeMetadata, encodeCommand } from "../command.ts";
import { ZmtpError } from "../error.ts";
import type { Cipher, Mechanism } from "./mechanism.ts";
import { expectCommand } from "./mechanism.ts";

/**
 * CURVE: authentication by long-term keys and perfect forward secrecy (RFC 26).
 * The cryptography is NaCl's, by tweetnacl; here are only its messages.
 */

/** A long-term key pair, 32 bytes each. */
export interface CurveKeyPair {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

/** What a client needs: its own pair and the server's public key. */
export interface CurveClientKeys extends CurveKeyPair {
  readonly serverKey: Uint8Array;
}

/** A new key pair. */
export function curveKeyPair(): CurveKeyPair {
  return nacl.box.keyPair();
}

const encoder = new TextEncoder();
const VERSION = Uint8Array.of(1, 0);
const REFUSED = "The CURVE handshake failed: keys don't fit";

/** CURVE, client side. */
export function curveClient(keys: CurveClientKeys): Mechanism {
  return {
    name: "CURVE",
    asServer: false,
    async handshake(io, metadata) {
      const ours = nacl.box.keyPair();
      const nonces = counter();
      const first = nonces();
      const hello = nacl.box(
        new Uint8Array(64),
        nonce("CurveZMQHELLO---", first),
        keys.serverKey,
        ours.secretKey,
      );
      await io.send(
        encodeCommand("HELLO", VERSION, new Uint8Array(72), ours.publicKey, first, hello),
      );
      const welcome = await expectCommand(io, "WELCOME");
      if (welcome.length !== 16 + 16 + 32 + 96) throw new ZmtpError(REFUSED);
      const opened = must(nacl.box.open(
        welcome.subarray(16),
        nonce("WELCOME-", welcome.subarray(0, 16)),
        keys.serverKey,
        ours.secretKey,
      ));
      const [theirKey, cookie] = [opened.subarray(0, 32), opened.subarray(32)];
      const vouchNonce = nacl.randomBytes(16);
      const vouch = nacl.box(
        concat([ours.publicKey, keys.serverKey]),
        nonce("VOUCH---", vouchNonce),
        theirKey,
        keys.secretKey,
      );
      const second = nonces();
      const shared = nacl.box.before(theirKey, ours.secretKey);
      const initiate = nacl.box.after(
        concat([keys.publicKey, vouchNonce, vouch, metadata]),
        nonce("CurveZMQINITIATE", second),
        shared,
      );
      await io.send(encodeCommand("INITIATE", cookie, second, initiate));
      const ready = await expectCommand(io, "READY");
      if (ready.length < 8 + 16) throw new ZmtpError(REFUSED);
      const peer = must(nacl.box.open.after(
        ready.subarray(8),
        nonce("CurveZMQREADY---", ready.subarray(0, 8)),
        shared,
      ));
      const cipher = createCipher(shared, "CurveZMQMESSAGEC", "CurveZMQMESSAGES", nonces);
      return { metadata: decodeMetadata(peer), cipher };
    },
  };
}

/** CURVE, server side; `allow` decides on a client's public key, all are let in without it. */
export function curveServer(
  keys: CurveKeyPair,
  allow: (clientKey: Uint8Array) => boolean = () => true,
): Mechanism {
  return {
    name: "CURVE",
    asServer: true,
    async handshake(io, metadata) {
      const hello = await expectCommand(io, "HELLO");
      if (hello.length !== 194 || hello[0] !== 1) throw new ZmtpError(REFUSED);
      const theirKey = hello.slice(74, 106);
      must(nacl.box.open(
        hello.subarray(114),
        nonce("CurveZMQHELLO---", hello.subarray(106, 114)),
        theirKey,
        keys.secretKey,
      ));
      const ours = nacl.box.keyPair();
      const cookieKey = nacl.randomBytes(32);
      const cookieNonce = nacl.randomBytes(16);
      const cookie = concat([
        cookieNonce,
        nacl.secretbox(
          concat([theirKey, ours.secretKey]),
          nonce("COOKIE--", cookieNonce),
          cookieKey,
        ),
      ]);
      const welcomeNonce = nacl.randomBytes(16);
      const welcome = nacl.box(
        concat([ours.publicKey, cookie]),
        nonce("WELCOME-", welcomeNonce),
        theirKey,
        keys.secretKey,
      );
      await io.send(encodeCommand("WELCOME", welcomeNonce, welcome));
      const initiate = await expectCommand(io, "INITIATE");
      if (initiate.length < 96 + 8 + 144) throw new ZmtpError(REFUSED);
      if (!nacl.verify(initiate.subarray(0, 96), cookie)) throw new ZmtpError(REFUSED);
      const shared = nacl.box.before(theirKey, ours.secretKey);
      const opened = must(nacl.box.open.after(
        initiate.subarray(104),
        nonce("CurveZMQINITIATE", initiate.subarray(96, 104)),
        shared,
      ));
      const clientKey = opened.slice(0, 32);
      const vouch = must(nacl.box.open(
        opened.subarray(48, 128),
        nonce("VOUCH---", opened.subarray(32, 48)),
        clientKey,
        ours.secretKey,
      ));
      if (!nacl.verify(vouch, concat([theirKey, keys.publicKey]))) throw new ZmtpError(REFUSED);
      if (!allow(clientKey)) {
        await io.send(encodeCommand("ERROR", Uint8Array.of(3), encoder.encode("400")));
        throw new ZmtpError("The client's key is not allowed");
      }
      const nonces = counter();
      const short = nonces();
      const ready = nacl.box.after(metadata, nonce("CurveZMQREADY---", short), shared);
      await io.send(encodeCommand("READY", short, ready));
      const cipher = createCipher(shared, "CurveZMQMESSAGES", "CurveZMQMESSAGEC", nonces);
      return { metadata: decodeMetadata(opened.subarray(128)), cipher };
    },
  };
}

const MESSAGE = Uint8Array.of(7, ...encoder.encode("MESSAGE"));

function createCipher(
  shared: Uint8Array,
  sendPrefix: string,
  receivePrefix: string,
  nonces: () => Uint8Array,
): Cipher {
  let last = 0n;
  return {
    seal(body, more, command) {
      const flags = (more ? 1 : 0) | (command ? 2 : 0);
      const short = nonces();
      const plain = concat([Uint8Array.of(flags), body]);
      return concat([MESSAGE, short, nacl.box.after(plain, nonce(sendPrefix, short), shared)]);
    },
    open({ body }) {
      // At least the command's name, a nonce, the authenticator and the flags.
      if (body.length < 33 || !MESSAGE.every((byte, index) => body[index] === byte)) {
        throw new ZmtpError("A frame that is not encrypted on a CURVE connection");
      }
      const short = body.subarray(8, 16);
      const count = new DataView(short.buffer, short.byteOffset, 8).getBigUint64(0);
      if (count <= last) throw new ZmtpError("A replayed frame on a CURVE connection");
      last = count;
      const plain = must(
        nacl.box.open.after(body.subarray(16), nonce(receivePrefix, short), shared),
      );
      const flags = plain[0]!;
      return { more: (flags & 1) !== 0, command: (flags & 2) !== 0, body: plain.subarray(1) };
    },
  };
}

function must(opened: Uint8Array | null): Uint8Array {
  if (opened === null) throw new ZmtpError(REFUSED);
  return opened;
}

function nonce(prefix: string, rest: Uint8Array): Uint8Array {
  return concat([encoder.encode(prefix), rest]);
}

/** Short nonces, counting from 1, as 8 bytes in network order. */
function counter(): () => Uint8Array {
  let count = 0n;
  return () => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, ++count);
    return bytes;
  };
}
