import { encodeMetadata } from "./command.ts";
import { ZmtpError } from "./error.ts";
import { encodeFrame, type Frame, framesOf } from "./frame.ts";
import { decodeGreeting, encodeGreeting, GREETING_LENGTH } from "./greeting.ts";
import { checkSignature, GREETING_VERSION_LENGTH } from "./greeting.ts";
import { commandOf, type Mechanism, type Session } from "./security/mechanism.ts";
import type { ByteConnection, FrameReader } from "./wire.ts";

/** Socket types (RFC 23) that we speak or may meet. */
export type SocketType = "REQ" | "REP" | "PUB" | "SUB" | "XPUB" | "XSUB" | "DEALER" | "ROUTER";

const PEERS: Readonly<Record<SocketType, readonly string[]>> = {
  REQ: ["REP", "ROUTER"],
  REP: ["REQ", "DEALER"],
  PUB: ["SUB", "XSUB"],
  SUB: ["PUB", "XPUB"],
  XPUB: ["SUB", "XSUB"],
  XSUB: ["PUB", "XPUB"],
  DEALER: ["REP", "DEALER", "ROUTER"],
  ROUTER: ["REQ", "DEALER", "ROUTER"],
};

/** What the handshake agreed on. */
export interface Handshake extends Session {
  /** Minor version of the peer's ZMTP 3: subscriptions are commands from 1 on. */
  readonly minor: number;
  /** Frames that came with the end of the handshake. */
  readonly early: readonly Frame[];
}

/**
 * Greeting and security handshake over a fresh connection. Nothing but the
 * handshake is sent before the peer's last command of it was read: libzmq closes
 * the connection otherwise.
 *
 * @throws ZmtpError when the peer speaks another protocol, version, mechanism or
 *   socket type, refuses, or closes
 */
export async function shakeHands(
  connection: ByteConnection,
  reader: FrameReader,
  socketType: SocketType,
  mechanism: Mechanism,
): Promise<Handshake> {
  await writeAll(connection, encodeGreeting(mechanism.name, mechanism.asServer));
  const minor = await readGreeting(reader, mechanism);
  const frames: Frame[] = [];
  const io = {
    async receive() {
      while (frames.length === 0) frames.push(...framesOf(await reader.readFrames() ?? closed()));
      return commandOf(frames.shift()!);
    },
    send: (body: Uint8Array) => writeAll(connection, encodeFrame(body, { command: true })),
  };
  const session = await mechanism.handshake(io, ourMetadata(socketType));
  checkPeerType(session, socketType);
  return { ...session, minor, early: frames };
}

async function readGreeting(reader: FrameReader, mechanism: Mechanism): Promise<number> {
  const start = await reader.readExactly(1) ?? closed();
  checkSignature(start);
  const version = await reader.readExactly(GREETING_VERSION_LENGTH - 1) ?? closed();
  const first = Uint8Array.of(...start, ...version);
  checkSignature(first);
  const rest = await reader.readExactly(GREETING_LENGTH - GREETING_VERSION_LENGTH) ?? closed();
  const greeting = decodeGreeting(Uint8Array.of(...first, ...rest));
  if (greeting.mechanism !== mechanism.name) {
    const theirs = greeting.mechanism.replaceAll(/[^A-Z0-9_.+-]/g, "?");
    throw new ZmtpError(`The peer wants ${theirs} security, this side ${mechanism.name}`);
  }
  // libzmq never says that it is the server, so two that don't say so may well fit.
  if (mechanism.name !== "NULL" && greeting.asServer && mechanism.asServer) {
    throw new ZmtpError(`Both sides are servers of ${mechanism.name} security`);
  }
  return greeting.minor;
}

/** As libzmq: REQ names an empty identity, the others their type alone. */
function ourMetadata(socketType: SocketType): Uint8Array {
  const type = ["Socket-Type", new TextEncoder().encode(socketType)] as const;
  return encodeMetadata(
    socketType === "REQ" || socketType === "DEALER"
      ? [type, ["Identity", new Uint8Array()]]
      : [type],
  );
}

function checkPeerType(session: Session, ours: SocketType): void {
  const value = session.metadata.get("socket-type");
  const theirs = value === undefined ? "" : new TextDecoder("latin1").decode(value);
  if (PEERS[ours].includes(theirs)) return;
  const shown = theirs.replaceAll(/[^A-Z]/g, "?") || "none";
  throw new ZmtpError(`A ${ours} socket can't talk to the peer's socket type ${shown}`);
}

/** What is said of a peer that just left, as a probe of the port does. */
export const LEFT = "The peer closed the connection within the handshake";

function closed(): never {
  throw new ZmtpError(LEFT);
}

/** Writes all bytes. */
export async function writeAll(connection: ByteConnection, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await connection.write(bytes.subarray(done));
}
