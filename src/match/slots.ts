/**
 * Open addressing with linear probing: numbers above 0 by hash, 0 is a free slot; at most two thirds
 * are taken. It grows without a pause: numbers move to the new slots a few with each addition, and
 * until all have, they are looked for in both.
 */
import { zeros } from "./enlarge.ts";

/** See the top of the file. Who looks for a number probes `now`, then `old`, each up to a free slot. */
export interface Slots {
  readonly now: Uint32Array<ArrayBuffer>;
  /** Slots from which not all numbers have moved; only a free one if all have. */
  readonly old: Uint32Array<ArrayBuffer>;
  /** Makes room for one more than `count` numbers: to be called before each `put`. */
  grow(count: number): void;
  /** Makes room for `count` numbers in all, at once. */
  reserve(count: number): void;
  /** Puts a number that is not there. */
  put(hash: number, number: number): void;
  /** Empties a slot of `now` or `old`. */
  free(slots: Uint32Array, slot: number): void;
  /** Moves what has not moved; then all are in `now`. */
  settle(): void;
  /** Takes other slots with all numbers in them. */
  adopt(slots: Uint32Array<ArrayBuffer>): void;
}

const LEAST = 1 << 9;
/** Slots that are moved with each addition: all have moved long before the new ones are full. */
const STEP = 8;
const NONE = new Uint32Array(1);

/** Makes empty slots; `hashOf` gives the hash of a number that is in them. */
export function createSlots(hashOf: (number: number) => number): Slots {
  let now = new Uint32Array(LEAST);
  let old = NONE;
  /** The slot of `old` that is looked at next, always after a free one, and how many are left. */
  let next = 0, left = 0;

  function put(hash: number, number: number): void {
    const mask = now.length - 1;
    let slot = hash & mask;
    while (now[slot] !== 0) slot = (slot + 1) & mask;
    now[slot] = number;
  }

  /** Begins to move into so many slots. */
  function begin(length: number): void {
    settle();
    old = now;
    now = zeros(old, length);
    next = old.indexOf(0) + 1;
    left = old.length;
  }

  /** Moves on by at least so many slots, to the end of a run: what is left can be probed as before. */
  function move(most: number): void {
    const mask = old.length - 1;
    for (let passed = 0; left > 0; passed++) {
      const slot = next++ & mask;
      left--;
      const number = old[slot]!;
      if (number !== 0) {
        put(hashOf(number), number);
        old[slot] = 0;
      } else if (passed >= most) return;
    }
    old = NONE;
  }

  function settle(): void {
    if (old !== NONE) move(Infinity);
  }

  return {
    get now() {
      return now;
    },
    get old() {
      return old;
    },
    grow(count) {
      if (old !== NONE) move(STEP);
      if (count * 3 >= now.length * 2) begin(now.length * 2);
    },
    reserve(count) {
      let length = now.length;
      while (length * 2 < count * 3) length *= 2;
      if (length > now.length) begin(length);
      settle();
    },
    put,
    /** Later numbers of the run move up so that probing still finds them. */
    free(slots, slot) {
      const mask = slots.length - 1;
      let hole = slot;
      for (let at = (slot + 1) & mask; slots[at] !== 0; at = (at + 1) & mask) {
        const home = hashOf(slots[at]!) & mask;
        if (((at - home) & mask) < ((at - hole) & mask)) continue;
        slots[hole] = slots[at]!;
        hole = at;
      }
      slots[hole] = 0;
    },
    settle,
    adopt(slots) {
      now = slots;
      old = NONE;
    },
  };
}
