import { createAssembly, type Incoming } from "./assembly.ts";
import { type Command, encodeCommand } from "./command.ts";
import { ZmtpError } from "./error.ts";
import { type Handshake, shakeHands, type SocketType } from "./handshake.ts";
import type { Mechanism } from "./security/mechanism.ts";
import { createSender, type Sender } from "./sender.ts";
import { orAborted } from "../wait.ts";
import { type ByteConnection, createFrameReader, type FrameReader } from "./wire.ts";

/** What holds for each connection of a socket. */
export interface ConnectionOptions {
  readonly socketType: SocketType;
  readonly mechanism: Mechanism;
  /** Longest frame and longest message in bytes; a peer that sends more is cut off. */
  readonly maxMessageSize: number;
  /** See `SocketOptions`. */
  readonly skipAbove?: number;
  /** Time for the handshake, ms. */
  readonly handshakeTimeout: number;
  /** PING after so much silence, cut off after twice that without an answer, ms; 0 is never. */
  readonly heartbeat: number;
}

/** A connection after its handshake. */
export interface Connection {
  readonly sender: Sender;
  /** SUBSCRIBE or CANCEL, in the form that the peer's version knows. */
  subscription(type: "subscribe" | "cancel", topic: Uint8Array): void;
  /**
   * PING and its PONG: resolves when the peer has read everything that was sent before (one of
   * ours: is done with it), and the reader of `incoming`, which it needs, is done with what the
   * peer sent before its PONG. Peers of ZMTP 3.0 know no PING: then when it is written.
   *
   * @throws ZmtpError when the connection ends first
   */
  roundTrip(): Promise<void>;
  /**
   * What the peer sends, in the batches in which it arrives; ends with the connection. PINGs and
   * PONGs count once the reader asks for more, that is when it is done with all that came before
   * them; `settle` is called before a PING is answered.
   */
  incoming(settle?: () => void): AsyncGenerator<readonly Incoming[]>;
  /**
   * A clean end: hands everything to the operating system, says that no more comes, and closes
   * when the peer has, which it does after reading all; at once when the signal aborts. Needs a
   * reader of `incoming`. (Closing with unread input would reset the connection and destroy what
   * is under way to the peer.)
   */
  finish(signal: AbortSignal): Promise<void>;
  /** Closes at once; what is pending is not sent. */
  close(): void;
}

/** The silence after which a peer is given up, in heartbeat periods. */
const PATIENCE = 3;
/** The same for a peer that takes no bytes: libzmq at its high-water mark reads no PING either. */
const PATIENCE_WITH_SLOW = 30;
/** Longest frame of a handshake: nobody known has sent it yet. */
const MAX_HANDSHAKE = 64 * 1024;
/** Most PONGs that wait for a peer which asks without reading; libzmq keeps the last one alone. */
const MOST_PONGS = 1000;

/**
 * Shakes hands over a fresh connection; closes it when that fails or takes too long.
 *
 * @throws ZmtpError
 */
export async function openConnection(
  raw: ByteConnection,
  options: ConnectionOptions,
): Promise<Connection> {
  const reader = createFrameReader(raw, MAX_HANDSHAKE);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    closeQuietly(raw);
  }, options.handshakeTimeout);
  try {
    const handshake = await shakeHands(raw, reader, options.socketType, options.mechanism);
    const { maxMessageSize, skipAbove } = options;
    // Sealing adds to the length of a frame.
    const seal = handshake.cipher === undefined ? 0 : 64;
    reader.allow(maxMessageSize + seal, skipAbove === undefined ? undefined : skipAbove + seal);
    return established(raw, reader, handshake, options);
  } catch (error) {
    closeQuietly(raw);
    if (late) {
      throw new ZmtpError("The peer did not finish the handshake in time", { cause: error });
    }
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function established(
  raw: ByteConnection,
  reader: FrameReader,
  handshake: Handshake,
  options: ConnectionOptions,
): Connection {
  const { cipher, minor } = handshake;
  let closed = false;
  let asked = performance.now();
  // While the consumer is busy nothing is read, so silence says nothing about the peer.
  let held = true;
  const pongs: PromiseWithResolvers<void>[] = [];
  const ended = Promise.withResolvers<void>();
  const close = () => {
    if (closed) return;
    closed = true;
    ended.resolve();
    for (const pong of pongs) pong.reject(new ZmtpError("The connection ended"));
    clearInterval(pulse);
    sender.fail(new ZmtpError("The connection ended"));
    closeQuietly(raw);
  };
  const sender = createSender(raw, cipher, close);
  const beat = () => {
    if (held) return;
    const silence = performance.now() - Math.max(asked, reader.heard);
    const patience = sender.blocked ? PATIENCE_WITH_SLOW : PATIENCE;
    if (silence > options.heartbeat * patience) close();
    else if (silence >= options.heartbeat) sender.command(PING);
  };
  const pulse = options.heartbeat > 0 && minor > 0
    ? setInterval(beat, options.heartbeat)
    : undefined;

  const heed = ({ name, data }: Command) => {
    if (name === "PING" && sender.pendingCommands < MOST_PONGS) {
      sender.command(encodeCommand("PONG", data.subarray(2, 18)));
    }
    // PONGs come in the order of the PINGs; those of the heartbeat carry no context.
    if (name === "PONG" && data.length > 0) pongs.shift()?.resolve();
  };
  async function* incoming(settle: () => void = () => {}): AsyncGenerator<readonly Incoming[]> {
    let commands: Command[] = [];
    const assembly = createAssembly({ ...options, cipher }, (command) => commands.push(command));
    try {
      let came = assembly.takeEach(handshake.early);
      while (true) {
        held = true;
        if (came.length > 0) yield came;
        if (closed) return;
        if (commands.some(({ name }) => name === "PING")) settle();
        commands.forEach(heed);
        commands = [];
        asked = performance.now();
        held = false;
        const frames = await reader.readFrames();
        if (frames === undefined) return;
        came = assembly.take(frames);
      }
    } catch (error) {
      if (!closed) throw error;
    } finally {
      close();
    }
  }

  return {
    sender,
    incoming,
    close,
    async finish(signal) {
      try {
        await orAborted(sender.flushed(), signal);
        await raw.closeWrite();
        await orAborted(ended.promise, signal);
      } catch {
        // The peer is gone, or the time is up.
      } finally {
        close();
      }
    },
    roundTrip() {
      if (closed) return Promise.reject(new ZmtpError("The connection ended"));
      if (minor === 0) return sender.flushed();
      const pong = Promise.withResolvers<void>();
      pongs.push(pong);
      sender.command(encodeCommand("PING", Uint8Array.of(0, 0, 1)));
      return pong.promise;
    },
    subscription(type, topic) {
      if (minor > 0) sender.command(encodeCommand(type.toUpperCase(), topic));
      else sender.message([Uint8Array.of(type === "subscribe" ? 1 : 0, ...topic)]);
    },
  };
}

/**
 * Without a time to live: we ask in silence only, so what the peer hears of us is no measure of
 * us, and libzmq would end a connection over which it sends all the time.
 */
const PING = encodeCommand("PING", Uint8Array.of(0, 0));

function closeQuietly(raw: ByteConnection): void {
  try {
    raw.close();
  } catch { /* closed already */ }
}
