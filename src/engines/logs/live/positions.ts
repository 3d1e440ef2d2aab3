import { createHash } from "node:crypto";
import { identityOf } from "../read/identity.ts";

/** How far a followed file was read: all of it before `offset` is done with. */
export interface Position {
  /** `device:inode`. */
  readonly identity: string;
  /** Where it was when it was last seen. */
  readonly path: string;
  /** Bytes of whole lines that were read, counted decompressed. */
  readonly offset: number;
  /** Lines before the offset, if they were counted. */
  readonly line?: number;
  /** Of the first `fingerprintBytes` bytes: tells a rewritten file, and a copy of this one. */
  readonly fingerprint: string;
  readonly fingerprintBytes: number;
}

/**
 * Where positions are kept through restarts. The engine saves a position only
 * when every match before it was taken (the consumer has asked for the batch
 * after it), so what a crash cuts off is matched again: at least once.
 */
export interface PositionStore {
  /** What was saved last; undefined at the first start. */
  load(): Promise<readonly Position[] | undefined>;
  /** Replaces what was saved, all positions at once. */
  save(positions: readonly Position[]): Promise<void>;
}

/** A fingerprint covers so many bytes at most. */
export const FINGERPRINT_BYTES = 4096;

/** Offset of a file that is done with for good. */
export const DONE = Number.MAX_SAFE_INTEGER;

/** A shorter beginning says too little: many logs begin alike. */
const TELLING_BYTES = 256;

/** Read at once from the end of a file in search of a newline. */
const TAIL = 64 * 1024;

/**
 * Where the last whole line of a file ends, bytes; 0 if there is none.
 *
 * @throws Deno.errors.NotFound when another file has the name
 */
export async function endOfLines(path: string, identity: string): Promise<number> {
  using file = await Deno.open(path);
  const info = await file.stat();
  if (identityOf(info, path) !== identity) throw new Deno.errors.NotFound("Another has its name");
  const tail = new Uint8Array(TAIL);
  for (let end = info.size; end > 0;) {
    const start = Math.max(0, end - TAIL);
    await file.seek(start, Deno.SeekMode.Start);
    const n = await file.read(tail.subarray(0, end - start));
    if (n === null) return 0;
    const newline = tail.subarray(0, n).lastIndexOf(10);
    if (newline >= 0) return start + newline + 1;
    // What was read short is searched again with what comes before.
    end = start;
  }
  return 0;
}

/** Fingerprint of the first bytes of a file. */
export function fingerprint(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex").slice(0, 32);
}

/** Tells whether a file that begins with `head` is the one of a position (or a copy of it). */
export function isSameContent(position: Position, head: Uint8Array): boolean {
  const { fingerprintBytes } = position;
  if (fingerprintBytes === 0 || head.length < fingerprintBytes) return false;
  return fingerprint(head.subarray(0, fingerprintBytes)) === position.fingerprint;
}

/** Tells whether another file that begins with `head` holds what the one of a position did. */
export function isCopy(position: Position, head: Uint8Array): boolean {
  return isTelling(position, head) && isSameContent(position, head);
}

function isTelling({ fingerprintBytes }: Position, head: Uint8Array): boolean {
  if (fingerprintBytes === 0 || fingerprintBytes > head.length) return false;
  return fingerprintBytes >= TELLING_BYTES || fingerprintBytes === head.length;
}

/** The first position of another file that held what one that begins with `head` does. */
export function findCopy(positions: Iterable<Position>, head: Uint8Array): Position | undefined {
  /** Of the head's first so many bytes. */
  const prints = new Map<number, string>();
  for (const position of positions) {
    const { fingerprintBytes } = position;
    if (!isTelling(position, head)) continue;
    let print = prints.get(fingerprintBytes);
    if (print === undefined) {
      print = fingerprint(head.subarray(0, fingerprintBytes));
      prints.set(fingerprintBytes, print);
    }
    if (print === position.fingerprint) return position;
  }
  return undefined;
}

/** The beginning of one line tells it from others if a time of day is in it. */
const TELLING_START = 40;

/**
 * Tells whether a rotated part of the same log begins with all that was read of
 * a file, so that what comes after it was not.
 */
export function continues(position: Position, head: Uint8Array): boolean {
  const { fingerprintBytes, offset } = position;
  const coversAll = fingerprintBytes >= offset && fingerprintBytes > 0;
  const telling = fingerprintBytes >= TELLING_BYTES ||
    (coversAll && (offset > 0 || fingerprintBytes >= TELLING_START));
  return telling && isSameContent(position, head);
}

/** Tells whether a file was rewritten between two of its positions. */
export function isRewritten(before: Position, after: Position): boolean {
  if (after.offset < before.offset) return true;
  if (after.fingerprintBytes > before.fingerprintBytes) return false;
  return after.fingerprint !== before.fingerprint;
}
