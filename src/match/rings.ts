/** The entries of a table by key: those with the same key in a ring, its last one in a slot. */
import { endOf, type OwnColumns } from "./columns.ts";
import type { Entry } from "./set.ts";
import { createSlots, type Slots } from "./slots.ts";

/** See the top of the file; texts of keys are in `bytes[start, end)`. */
export interface Rings {
  readonly slots: Slots;
  /** The last entry with a key, or -1. */
  find(hash: number, kind: number, bytes: Uint8Array, start: number, end: number): Entry;
  /** Makes `entry` the last one with the key that was just looked for; `tail` is what `find` gave. */
  link(entry: Entry, hash: number, tail: Entry): void;
  unlink(entry: Entry): void;
  /** The entry gets another number. */
  relink(from: Entry, to: Entry): void;
}

/** Makes the rings of some columns. */
export function createRings(columns: OwnColumns): Rings {
  const slots = createSlots((number) => columns.hashes[number - 1]!);
  /** Where the last key was looked for: it is linked next if it is new. */
  let place = 0;

  /** The slot of a key in some slots, or the free place where it would go. */
  function probe(
    some: Uint32Array,
    hash: number,
    kind: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): number {
    const mask = some.length - 1, { numbers } = slots;
    for (let slot = hash & mask;; slot = (slot + 1) & mask) {
      const held = some[slot]!;
      if (held === 0) return slot;
      if (((held ^ hash) & ~numbers) !== 0) continue;
      if (isKey((held & numbers) - 1, hash, kind, bytes, start, end)) return slot;
    }
  }

  function isKey(
    entry: Entry,
    hash: number,
    kind: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const { arena, hashes, kinds, starts, skips } = columns;
    if (hashes[entry] !== hash || kinds[entry] !== kind) return false;
    let at = starts[entry]! + skips[entry]!;
    if (endOf(columns, entry) - at !== end - start) return false;
    for (let i = start; i < end; i++) if (arena[at++] !== bytes[i]) return false;
    return true;
  }

  /** The place of a key; below 0 it is among the old slots: `-1 - slot`. */
  function placeOf(hash: number, kind: number, bytes: Uint8Array, start: number, end: number) {
    const { now, old } = slots;
    const slot = probe(now, hash, kind, bytes, start, end);
    if (old.length === 1 || now[slot] !== 0) return slot;
    const before = probe(old, hash, kind, bytes, start, end);
    return old[before] === 0 ? slot : -1 - before;
  }

  function placeOfEntry(entry: Entry): number {
    const { arena, starts, skips, hashes, kinds } = columns;
    const start = starts[entry]! + skips[entry]!;
    return placeOf(hashes[entry]!, kinds[entry]!, arena, start, endOf(columns, entry));
  }

  /** The last entry of the ring at a place, -1 if that is free. */
  function tailAt(place: number): Entry {
    const held = place < 0 ? slots.old[-1 - place]! : slots.now[place]!;
    return (held & slots.numbers) - 1;
  }

  function setTail(place: number, hash: number, tail: Entry): void {
    if (place < 0) slots.set(slots.old, -1 - place, hash, tail + 1);
    else slots.set(slots.now, place, hash, tail + 1);
  }

  /** The entry before another one in its ring. */
  function entryBefore(entry: Entry, tail: Entry): Entry {
    const { rings } = columns;
    let before = tail;
    while (rings[before] !== entry) before = rings[before]!;
    return before;
  }

  return {
    slots,
    find(hash, kind, bytes, start, end) {
      place = placeOf(hash, kind, bytes, start, end);
      return tailAt(place);
    },
    link(entry, hash, tail) {
      const { rings } = columns;
      if (tail < 0) {
        columns.keys++;
        rings[entry] = entry;
      } else {
        rings[entry] = rings[tail]!;
        rings[tail] = entry;
      }
      setTail(place, hash, entry);
    },
    unlink(entry) {
      const { rings, hashes } = columns;
      const place = placeOfEntry(entry);
      if (rings[entry] === entry) {
        if (place < 0) slots.free(slots.old, -1 - place);
        else slots.free(slots.now, place);
        columns.keys--;
        return;
      }
      const tail = tailAt(place);
      const before = entryBefore(entry, tail);
      rings[before] = rings[entry]!;
      if (tail === entry) setTail(place, hashes[entry]!, before);
    },
    relink(from, to) {
      const { rings, hashes } = columns;
      const place = placeOfEntry(from);
      const tail = tailAt(place);
      const before = entryBefore(from, tail);
      rings[to] = before === from ? to : rings[from]!;
      if (before !== from) rings[before] = to;
      if (tail === from) setTail(place, hashes[from]!, to);
    },
  };
}
