import { Buffer } from "node:buffer";
import { MAX_HEADER, writeHeader } from "./frame.ts";
import { writeAll } from "./handshake.ts";
import type { Cipher } from "./security/mechanism.ts";
import type { ByteConnection } from "./wire.ts";

/**
 * The sending half of a connection. Messages are gathered in one buffer while a
 * write is under way, so many small ones cost one system call, and none costs a
 * promise.
 */
export interface Sender {
  /** Queues a message; it goes out after those before it. */
  message(parts: readonly Uint8Array[]): void;
  /** Queues a message of one frame that is given in pieces. */
  joined(pieces: readonly Uint8Array[]): void;
  /** Queues a command. */
  command(body: Uint8Array): void;
  /** Messages not yet handed to the operating system. */
  readonly pending: number;
  /** The same of commands. */
  readonly pendingCommands: number;
  /** Resolves when there are at most `count` pending messages, or when sending has failed. */
  drained(count: number): Promise<void>;
  /** Resolves when everything queued so far was handed over, or when sending has failed. */
  flushed(): Promise<void>;
  /** Whether the operating system has not yet taken all that it was given. */
  readonly blocked: boolean;
  /** The error that ended sending, if any. */
  readonly failure: unknown;
  /**
   * Ends sending. Nobody waits any longer for a write that is under way: when the peer does
   * not read, Deno before 2.5 leaves it pending though the connection is closed.
   */
  fail(error: unknown): void;
}

/** Buffers begin small, for a thousand idle peers, and grow with what is sent. */
const FIRST = 2 * 1024;
/** A bigger buffer is not kept for the next round. */
const KEEP = 4 * 1024 * 1024;

/** Starts the sending half; `failed` is called once when the connection does not take bytes any more. */
export function createSender(
  connection: ByteConnection,
  cipher: Cipher | undefined,
  failed: (error: unknown) => void,
): Sender {
  let buffer = new Uint8Array(FIRST), spare = new Uint8Array(FIRST);
  let length = 0, queued = 0, underWay = 0;
  let commandsQueued = 0, commandsUnderWay = 0;
  let busy = false;
  let failure: unknown;
  const waiting: { count: number; resolve: () => void }[] = [];
  let flushers: (() => void)[] = [];

  const wake = () => {
    const pending = queued + underWay;
    for (let index = waiting.length - 1; index >= 0; index--) {
      if (failure === undefined && pending > waiting[index]!.count) continue;
      waiting.splice(index, 1)[0]!.resolve();
    }
  };
  const endFlush = () => {
    const ended = flushers;
    flushers = [];
    for (const resolve of ended) resolve();
  };
  const fail = (error: unknown) => {
    failure ??= error ?? new Error("write failed");
    wake();
    endFlush();
  };
  const flush = async () => {
    try {
      while (length > 0 && failure === undefined) {
        const full = buffer;
        const size = length;
        [buffer, spare, length] = [spare, full, 0];
        [underWay, queued] = [queued, 0];
        [commandsUnderWay, commandsQueued] = [commandsQueued, 0];
        await writeAll(connection, full.subarray(0, size));
        underWay = commandsUnderWay = 0;
        if (spare.length > KEEP) spare = new Uint8Array(FIRST);
        wake();
      }
    } catch (error) {
      fail(error);
      failed(failure);
    } finally {
      busy = false;
      endFlush();
    }
  };
  const makeRoom = (size: number) => {
    const needed = length + MAX_HEADER + size;
    if (needed <= buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, buffer.length * 2));
    grown.set(buffer.subarray(0, length));
    buffer = grown;
  };
  const append = (body: Uint8Array, more: boolean, command: boolean) => {
    const sealed = cipher?.seal(body, more, command);
    const bytes = sealed ?? body;
    makeRoom(bytes.length);
    length = writeHeader(buffer, length, bytes.length, sealed ? {} : { more, command });
    buffer.set(bytes, length);
    length += bytes.length;
  };
  const appendJoined = (pieces: readonly Uint8Array[]) => {
    if (cipher !== undefined) return append(Buffer.concat(pieces), false, false);
    let size = 0;
    for (const piece of pieces) size += piece.length;
    makeRoom(size);
    length = writeHeader(buffer, length, size, {});
    for (const piece of pieces) {
      buffer.set(piece, length);
      length += piece.length;
    }
  };
  const start = () => {
    if (busy || failure !== undefined) return;
    busy = true;
    // What else is sent in this turn goes out with it.
    Promise.resolve().then(flush);
  };
  return {
    message(parts) {
      if (failure !== undefined) return;
      for (let index = 0; index < parts.length; index++) {
        append(parts[index]!, index < parts.length - 1, false);
      }
      queued++;
      start();
    },
    joined(pieces) {
      if (failure !== undefined) return;
      appendJoined(pieces);
      queued++;
      start();
    },
    command(body) {
      if (failure !== undefined) return;
      append(body, false, true);
      commandsQueued++;
      start();
    },
    get pending() {
      return queued + underWay;
    },
    get pendingCommands() {
      return commandsQueued + commandsUnderWay;
    },
    drained(count) {
      if (failure !== undefined || queued + underWay <= count) return Promise.resolve();
      return new Promise((resolve) => waiting.push({ count, resolve }));
    },
    flushed() {
      if (!busy || failure !== undefined) return Promise.resolve();
      return new Promise((resolve) => flushers.push(resolve));
    },
    get blocked() {
      return busy;
    },
    get failure() {
      return failure;
    },
    fail,
  };
}
