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
      return (handle, row) => {
        const key = fingerprint(handle, row);
        const nth = (seen.get(key) ?? 0) + 1;
        seen.set(key, nth);
        if (nth <= (delivered.get(key) ?? 0)) return false;
        delivered.set(key, nth);
        return true;
      };
    },
  };
}

/** 53 bits over a handle and a row: two FNV-1a of different offsets. */
export function fingerprint(handle: Handle, row: Uint8Array): number {
  let low = 0x811c9dc5 ^ handle;
  let high = 0x9747b28c ^ Math.imul(handle + 1, 0x9e3779b1);
  for (let i = 0; i < row.length; i++) {
    low = Math.imul(low ^ row[i]!, 0x01000193);
    high = Math.imul(high ^ row[i]!, 0x85ebca6b);
    high ^= high >>> 13;
  }
  return (high >>> 11) * 0x100000000 + (low >>> 0);
}
