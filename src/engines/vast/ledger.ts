import type { Handle } from "../../match/set.ts";

/**
 * What was delivered, so that a query asked again (after a failure, or a second
 * one that reaches the same rows) delivers nothing twice. Identical events are
 * told apart by counting: the n-th time that an answer holds a row is new if fewer
 * than n were delivered.
 */
export interface Ledger {
  /** Starts an answer; the result tells of each credited row whether it is new. */
  answer(): (handle: Handle, row: Uint8Array) => boolean;
}

/** Makes an empty ledger. */
export function createLedger(): Ledger {
  const delivered = new Map<number, number>();
  return {
    answer() {
      const seen = new Map<number, number>();
      let last: Uint8Array | undefined;
      let digest = 0;
      return (handle, row) => {
        // A row is often a hit of several indicators.
        if (row !== last) digest = digestOf(row);
        last = row;
        const key = fingerprint(handle, digest);
        const nth = (seen.get(key) ?? 0) + 1;
        seen.set(key, nth);
        if (nth <= (delivered.get(key) ?? 0)) return false;
        delivered.set(key, nth);
        return true;
      };
    },
  };
}

/** 53 bits over a row, four bytes at a time: rows are long. */
export function digestOf(row: Uint8Array): number {
  const words = new DataView(row.buffer, row.byteOffset, row.length);
  const whole = row.length & ~3;
  let low = 0x811c9dc5, high = 0x9747b28c;
  for (let at = 0; at < row.length; at += at < whole ? 4 : 1) {
    const word = at < whole ? words.getUint32(at, true) : row[at]!;
    low = Math.imul(low ^ word, 0x9e3779b1);
    low ^= low >>> 15;
    high = Math.imul(high ^ word, 0x85ebca6b);
    high ^= high >>> 13;
  }
  return join(high, low);
}

/** 53 bits over a handle and the digest of a row. */
export function fingerprint(handle: Handle, digest: number): number {
  const low = Math.imul(digest ^ handle, 0x9e3779b1);
  const high = Math.imul((digest / 0x100000000) ^ Math.imul(handle + 1, 0x9e3779b1), 0x85ebca6b);
  return join(high ^ (high >>> 13), low ^ (low >>> 15));
}

function join(high: number, low: number): number {
  return (high >>> 11) * 0x100000000 + (low >>> 0);
}
