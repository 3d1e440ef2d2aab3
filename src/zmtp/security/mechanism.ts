import { type Command, decodeCommand, decodeErrorReason, type Metadata } from "../command.ts";
import { ZmtpError } from "../error.ts";
import type { Frame } from "../frame.ts";
import type { MechanismName } from "../greeting.ts";

/** How a mechanism talks during the handshake. */
export interface HandshakeIo {
  /** The next command of the peer. */
  receive(): Promise<Command>;
  /** Sends the body of a command frame. */
  send(body: Uint8Array): Promise<void>;
}

/** What a handshake agreed on: how frames are wrapped from then on. */
export interface Session {
  readonly metadata: Metadata;
  /** Absent where frames go as they are. */
  readonly cipher?: Cipher;
}

/** Wraps every frame after the handshake (CURVE). */
export interface Cipher {
  /** The body of the frame that carries this one; it goes out as a message frame without MORE. */
  seal(body: Uint8Array, more: boolean, command: boolean): Uint8Array;
  /**
   * The frame inside.
   *
   * @throws ZmtpError when it was tampered with or replayed
   */
  open(frame: Frame): Frame;
}

/** One side of a security mechanism. */
export interface Mechanism {
  readonly name: MechanismName;
  readonly asServer: boolean;
  /**
   * Exchanges the commands of the handshake; `metadata` is ours, encoded.
   *
   * @throws ZmtpError when the peer refuses, is refused, or breaks the protocol
   */
  handshake(io: HandshakeIo, metadata: Uint8Array): Promise<Session>;
}

/**
 * The next command, which has to be the one named.
 *
 * @throws ZmtpError when it is another, with the reason if it is ERROR
 */
export async function expectCommand(io: HandshakeIo, name: string): Promise<Uint8Array> {
  const command = await io.receive();
  if (command.name === name) return command.data;
  if (command.name === "ERROR") {
    throw new ZmtpError(`The peer refused the handshake: ${decodeErrorReason(command.data)}`);
  }
  throw new ZmtpError(`Expected ${name} in the handshake, the peer sent another command`);
}

/**
 * libzmq's PLAIN server writes the name of ERROR as "^RROR": the C literal "\x5ERROR" has 0x5e for
 * its first byte.
 */
const MISSPELT_ERROR = new TextEncoder().encode("^RROR");

/** The command in a frame of the handshake, where nothing else is allowed. */
export function commandOf(frame: Frame): Command {
  if (!frame.command) throw new ZmtpError("A message within the handshake");
  const { body } = frame;
  if (MISSPELT_ERROR.every((byte, index) => body[index] === byte)) {
    return { name: "ERROR", data: body.subarray(MISSPELT_ERROR.length) };
  }
  return decodeCommand(body);
}
