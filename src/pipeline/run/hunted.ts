/** What of the past was searched for each indicator of a state. */
import type { DatabaseSync } from "node:sqlite";
import { enlarge } from "../../match/enlarge.ts";
import type { Handle } from "../../match/set.ts";

/**
 * What it says of an indicator: searched up to where live matching goes on, or, if larger, a
 * generation: those for which the same extents of the logs were searched. The largest numbers are
 * those still to be hunted for, by this process or left over by an earlier one.
 */
export const HUNT = {
  none: 0,
  followed: 1,
  generations: 2,
  left: 0xfffffffe,
  open: 0xffffffff,
} as const;

/** See the top of the file. In memory, and on disk but for what tells `none`, `left` and `open` apart. */
export interface Hunted {
  /** One above the highest handle of which something is known. */
  readonly length: number;
  get(handle: Handle): number;
  /** Notes that an indicator is held; unless it was searched for it is left over. */
  hold(handle: Handle): void;
  /** Whether any indicator is of a generation. */
  has(generation: number): boolean;
  edit(): HuntedEdit;
}

/** Changes that are made in one transaction, or again in the next if that one is undone. */
export interface HuntedEdit {
  set(handle: Handle, hunted: number): void;
  /** Gives each indicator with one of these numbers another one. */
  replace(others: ReadonlyMap<number, number>): void;
  /** Writes all that was ever set. */
  write(): void;
}

/** Handles in a row, four bytes each, 0 for what is still to be hunted for. */
const BLOCK = 256;

/** The table that is read; it says nothing of those that are to be hunted for. */
export const TABLES = "CREATE TABLE hunted (block INTEGER PRIMARY KEY, searched BLOB);";

/** Reads what is there. */
export function createHunted(db: DatabaseSync): Hunted {
  const insert = db.prepare("INSERT OR REPLACE INTO hunted (block, searched) VALUES (?, ?)");
  const forget = db.prepare("DELETE FROM hunted WHERE block = ?");
  let column = new Uint32Array(BLOCK);
  let length = 0;
  /** Indicators of a generation. */
  const counts = new Map<number, number>();

  function set(handle: Handle, hunted: number): void {
    if (handle >= length) column = enlarge(column, length = handle + 1);
    count(column[handle]!, -1);
    count(hunted, 1);
    column[handle] = hunted;
  }

  function count(hunted: number, step: 1 | -1): void {
    if (!isSearched(hunted) || hunted < HUNT.generations) return;
    counts.set(hunted, (counts.get(hunted) ?? 0) + step);
  }

  function writeBlock(block: number): void {
    const bytes = new DataView(new ArrayBuffer(BLOCK * 4));
    let some = false;
    for (let place = 0; place < BLOCK; place++) {
      const hunted = column[block * BLOCK + place] ?? HUNT.none;
      if (!isSearched(hunted)) continue;
      some = true;
      bytes.setUint32(place * 4, hunted, true);
    }
    if (some) insert.run(block, new Uint8Array(bytes.buffer));
    else forget.run(block);
  }

  for (const { block, searched } of db.prepare("SELECT block, searched FROM hunted").all()) {
    const { buffer, byteOffset } = searched as Uint8Array;
    const view = new DataView(buffer, byteOffset, BLOCK * 4);
    for (let place = 0; place < BLOCK; place++) {
      const hunted = view.getUint32(place * 4, true);
      if (hunted !== HUNT.none) set(Number(block) * BLOCK + place, hunted);
    }
  }

  return {
    get length() {
      return length;
    },
    get: (handle) => column[handle] ?? HUNT.none,
    hold(handle) {
      if ((column[handle] ?? HUNT.none) === HUNT.none) set(handle, HUNT.left);
    },
    has: (generation) => (counts.get(generation) ?? 0) > 0,
    edit() {
      // Kept if the transaction is undone: memory is not, and would tell no difference.
      const touched = new Set<number>();
      const change = (handle: Handle, hunted: number) => {
        const before = column[handle] ?? HUNT.none;
        if (isSearched(before) || isSearched(hunted)) touched.add(Math.floor(handle / BLOCK));
        if (before !== hunted) set(handle, hunted);
      };
      return {
        set: change,
        replace(others) {
          for (let handle = 0; handle < length; handle++) {
            const other = others.get(column[handle]!);
            if (other !== undefined) change(handle, other);
          }
        },
        write() {
          for (const block of touched) writeBlock(block);
        },
      };
    },
  };
}

/** Whether the past was searched. */
export function isSearched(hunted: number): boolean {
  return hunted !== HUNT.none && hunted < HUNT.left;
}
