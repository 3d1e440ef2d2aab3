/**
 * Open addressing with linear probing: numbers above 0 by hash, 0 is a free slot; at most two thirds
 * are taken. What a slot has room for besides the number is filled with bits of its hash: another
 * number is nearly always told by them, without a look at what it stands for, which is somewhere else
 * in memory. It grows without a pause: numbers move to the new slots a few with each addition, and
 * until all have, they are looked for in both.
 */
import { zeros } from "./enlarge.ts";

type Words = Uint32Array<ArrayBuffer>;

/** See the top of the file. Who looks for a number probes `now`, then `old`, each up to a free slot. */
export interface Slots {
  readonly now: Words;
  /** Slots from which not all numbers have moved; only a free one if all have. */
  readonly old: Words;
  /** The bits of a slot that are its number's; the others are those of its hash. */
  readonly numbers: number;
  /** Makes room for one more than `count` numbers: to be called before each `put`. */
  grow(count: number): void;
  /** Makes room for `count` numbers in all, at once. */
  reserve(count: number): void;
  /** Puts a number that is not there. */
  put(hash: number, number: number): void;
  /** Puts a number into a slot of `now` or `old`, which is free or has another one of this hash. */
  set(slots: Words, slot: number, hash: number, number: number): void;
  /** Empties a slot of `now` or `old`. */
  free(slots: Words, slot: number): void;
  /** Moves what has not moved, and takes the hashes out: then all numbers are bare in `now`. */
  lay(): Words;
  /** Takes other slots with all numbers in them, bare. */
  adopt(slots: Words): void;
}

const LEAST = 1 << 9;
/** Slots that are moved with each addition: all have moved long before the new ones are full. */
const STEP = 8;
/** Fewer slots become four times as many, which spares much moving and little memory. */
const FEW_SLOTS = 1 << 19;
const NONE = new Uint32Array(1);
/** Bits of a number as long as all are below 16 million, and when one is not. */
const FEW = 0x00ffffff, ALL = -1;

/** Makes empty slots; `hashOf` gives the hash of a number that is in them. */
export function createSlots(hashOf: (number: number) => number): Slots {
  let now: Words = new Uint32Array(LEAST);
  let old: Words = NONE;
  let numbers = FEW;
  /** Numbers that are on the way from `old` to `now`, and their hashes. */
  const moving = new Uint32Array(2 * STEP), hashes = new Uint32Array(2 * STEP);
  /** The slot of `old` that is looked at next, always after a free one, and how many are left. */
  let next = 0, left = 0;

  function put(hash: number, number: number): void {
    const mask = now.length - 1;
    let slot = hash & mask;
    while (now[slot] !== 0) slot = (slot + 1) & mask;
    set(now, slot, hash, number);
  }

  function set(slots: Words, slot: number, hash: number, number: number): void {
    if ((number & ~numbers) !== 0) bare();
    slots[slot] = hash & ~numbers | number;
  }

  /** Leaves all bits to the numbers. */
  function bare(): void {
    if (numbers === ALL) return;
    for (const slots of [now, old]) {
      for (let slot = 0; slot < slots.length; slot++) slots[slot]! &= numbers;
    }
    numbers = ALL;
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
    let count = 0;
    for (let passed = 0; left > 0; passed++) {
      const slot = next++ & mask;
      left--;
      const number = old[slot]! & numbers;
      if (number !== 0) {
        // All hashes first, which are anywhere in memory: so they are waited for at once.
        moving[count] = number;
        hashes[count++] = hashOf(number);
        old[slot] = 0;
        if (count === moving.length) count = putMoving(count);
      } else if (passed >= most) return void putMoving(count);
    }
    putMoving(count);
    old = NONE;
  }

  function putMoving(count: number): 0 {
    for (let i = 0; i < count; i++) put(hashes[i]!, moving[i]!);
    return 0;
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
    get numbers() {
      return numbers;
    },
    grow(count) {
      if (old !== NONE) move(STEP);
      if (count * 3 >= now.length * 2) begin(now.length * (now.length < FEW_SLOTS ? 4 : 2));
    },
    reserve(count) {
      let length = now.length;
      while (length * 2 < count * 3) length *= 2;
      if (length > now.length) begin(length);
      settle();
    },
    put,
    set,
    /** Later numbers of the run move up so that probing still finds them. */
    free(slots, slot) {
      const mask = slots.length - 1;
      let hole = slot;
      for (let at = (slot + 1) & mask; slots[at] !== 0; at = (at + 1) & mask) {
        const home = hashOf(slots[at]! & numbers) & mask;
        if (((at - home) & mask) < ((at - hole) & mask)) continue;
        slots[hole] = slots[at]!;
        hole = at;
      }
      slots[hole] = 0;
    },
    lay() {
      settle();
      bare();
      return now;
    },
    adopt(slots) {
      now = slots;
      old = NONE;
      numbers = ALL;
    },
  };
}
