import { ZmtpError } from "./error.ts";

/** The greeting of ZMTP 3.x, 64 bytes (RFC 23, section "Greeting"). */

/** Length of the greeting. */
export const GREETING_LENGTH = 64;

/** Bytes after which the version is known: 10 of signature, 1 of the major version. */
export const GREETING_VERSION_LENGTH = 11;

/** Names of the security mechanisms. */
export type MechanismName = "NULL" | "PLAIN" | "CURVE";

/** What a greeting says. */
export interface Greeting {
  readonly minor: number;
  readonly mechanism: string;
  readonly asServer: boolean;
}

/** Our greeting: version 3.1. */
export function encodeGreeting(mechanism: MechanismName, asServer: boolean): Uint8Array {
  const bytes = new Uint8Array(GREETING_LENGTH);
  bytes[0] = 0xff;
  bytes[8] = 1; // as libzmq: a length that ZMTP 1.0 peers can read
  bytes[9] = 0x7f;
  bytes[10] = 3;
  bytes[11] = 1;
  bytes.set(new TextEncoder().encode(mechanism), 12);
  bytes[32] = asServer ? 1 : 0;
  return bytes;
}

/**
 * Checks signature and major version as soon as they are there, so that a peer
 * that speaks something else is not waited for.
 *
 * @param bytes the first bytes of the peer, at most `GREETING_VERSION_LENGTH` are looked at
 * @throws ZmtpError when it is no ZMTP 3
 */
export function checkSignature(bytes: Uint8Array): void {
  if (bytes.length > 0 && bytes[0] !== 0xff) throw new ZmtpError("The peer does not speak ZMTP");
  if (bytes.length > 9 && (bytes[9]! & 1) !== 1) {
    throw new ZmtpError("The peer speaks ZMTP 1.0, which is too old");
  }
  if (bytes.length > 10 && bytes[10]! < 3) {
    throw new ZmtpError(`The peer speaks ZMTP ${bytes[10]}.x, which is too old: 3.0 is needed`);
  }
}

/**
 * Reads a whole greeting.
 *
 * @throws ZmtpError when it is no ZMTP 3
 */
export function decodeGreeting(bytes: Uint8Array): Greeting {
  checkSignature(bytes);
  const name = bytes.subarray(12, 32);
  const length = name.indexOf(0);
  const mechanism = new TextDecoder("latin1").decode(length < 0 ? name : name.subarray(0, length));
  return { minor: bytes[10]! > 3 ? 1 : bytes[11]!, mechanism, asServer: bytes[32] === 1 };
}
