/**
 * A multimap from (kind, key) to handles for millions of entries: bytes in one
 * arena and numbers in typed arrays, about 30 bytes an entry besides its text.
 */
import { type Observable, OBSERVABLE_KINDS, type ObservableKind } from "./observable.ts";
import type { Handle, IocView } from "./set.ts";

/** Kinds by number, as the table and `IocView` have them. */
export const KIND_NUMBERS = Object.fromEntries(
  OBSERVABLE_KINDS.map((kind, index) => [kind, index]),
) as Record<ObservableKind, number>;

/** Marks an entry that was removed. */
export const DEAD = 255;

/** Names an entry until the next `compact`. */
export type Entry = number;

/** See the top of the file. */
export interface Table {
  /** Number of live entries. */
  readonly size: number;
  /** Makes room for so many more, which saves copying; more may come. */
  reserve(entries: number, bytes: number): void;
  /** What the table is made of, for who adds many entries at once. */
  columns(): TableColumns;
  /** Takes what `columns` gave, in other arrays and with more entries, added as `addBytes` does. */
  adopt(columns: TableColumns): void;
  /**
   * Adds an entry without asking whether it is there; the text is UTF-8, `skip` its bytes that are
   * no key.
   */
  addBytes(
    kind: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    skip: number,
    handle: Handle,
  ): Entry;
  addText(kind: number, text: string, skip: number, handle: Handle): Entry;
  /** Adds unless the key is there; then returns `-1 - first` for its first entry. */
  addNewBytes(
    kind: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    skip: number,
    handle: Handle,
  ): number;
  /** The first entry of a key in order of arrival, or -1. */
  find(kind: number, key: string): Entry;
  /** The entry after this one with the same key, or -1. */
  next(entry: Entry): Entry;
  remove(entry: Entry): void;
  text(entry: Entry): string;
  handle(entry: Entry): Handle;
  observable(entry: Entry): Observable;
  /** Entries that are not dead, in order of arrival. */
  live(): Iterable<Entry>;
  view(): IocView;
}

/** The columns of a table; arrays may be longer than what is in use. */
export interface TableColumns {
  readonly arena: Uint8Array<ArrayBuffer>;
  readonly starts: Uint32Array<ArrayBuffer>;
  readonly handles: Uint32Array<ArrayBuffer>;
  readonly hashes: Uint32Array<ArrayBuffer>;
  readonly rings: Uint32Array<ArrayBuffer>;
  readonly kinds: Uint8Array<ArrayBuffer>;
  readonly skips: Uint8Array<ArrayBuffer>;
  readonly slots: Uint32Array<ArrayBuffer>;
  /** Bytes of `arena` in use, entries, and keys: slots in use. */
  readonly used: number;
  readonly count: number;
  readonly keys: number;
}

/** Called when entries move: `moved[old]` is the new entry. */
export type OnMove = (moved: Uint32Array) => void;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Makes an empty table. */
export function createTable(onMove?: OnMove): Table {
  let arena = new Uint8Array(1 << 12);
  let starts = new Uint32Array(1 << 8);
  let handles = new Uint32Array(1 << 8);
  let hashes = new Uint32Array(1 << 8);
  /** The next entry with the same key; the last one's is the first: a ring. */
  let rings = new Uint32Array(1 << 8);
  let kinds = new Uint8Array(1 << 8);
  let skips = new Uint8Array(1 << 8);
  /** Open addressing: the last entry of a ring plus one, 0 if free. */
  let slots = new Uint32Array(1 << 9);
  let used = 0;
  let count = 0;
  let dead = 0;
  let keys = 0;
  let epoch = 0;
  let scratch = new Uint8Array(1 << 10);

  function grow(length: number): void {
    starts = enlarge(starts, length);
    handles = enlarge(handles, length);
    hashes = enlarge(hashes, length);
    rings = enlarge(rings, length);
    kinds = enlarge(kinds, length);
    skips = enlarge(skips, length);
  }

  function rehash(length: number): void {
    const old = slots;
    slots = new Uint32Array(length);
    const mask = length - 1;
    for (let i = 0; i < old.length; i++) {
      const tail = old[i]!;
      if (tail === 0) continue;
      let slot = hashes[tail - 1]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = tail;
    }
  }

  /** The slot of a key, or of the free place where it would go. */
  function slotOf(hash: number, kind: number, bytes: Uint8Array, start: number, end: number) {
    const mask = slots.length - 1;
    for (let slot = hash & mask;; slot = (slot + 1) & mask) {
      const tail = slots[slot]! - 1;
      if (tail < 0 || isKey(tail, hash, kind, bytes, start, end)) return slot;
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
    if (hashes[entry] !== hash || kinds[entry] !== kind) return false;
    let at = starts[entry]! + skips[entry]!;
    if (endOf(entry) - at !== end - start) return false;
    for (let i = start; i < end; i++) if (arena[at++] !== bytes[i]) return false;
    return true;
  }

  function endOf(entry: Entry): number {
    return entry + 1 < count ? starts[entry + 1]! : used;
  }

  function addBytes(
    kind: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    skip: number,
    handle: Handle,
    onlyNew: boolean,
  ): number {
    const hash = hashKey(kind, bytes, start + skip, end);
    if (count === starts.length) grow(count * 2);
    if (keys * 3 >= slots.length * 2) rehash(slots.length * 2);
    const slot = slotOf(hash, kind, bytes, start + skip, end);
    if (onlyNew && slots[slot] !== 0) return -1 - rings[slots[slot]! - 1]!;
    if (used + end - start > arena.length) {
      arena = enlarge(arena, Math.max(arena.length * 2, used + end - start));
    }
    for (let i = start, at = used; i < end; i++) arena[at++] = bytes[i]!;
    const entry = count++;
    starts[entry] = used;
    used += end - start;
    handles[entry] = handle;
    hashes[entry] = hash;
    kinds[entry] = kind;
    skips[entry] = skip;
    const tail = slots[slot]! - 1;
    rings[entry] = tail < 0 ? entry : rings[tail]!;
    if (tail < 0) keys++;
    else rings[tail] = entry;
    slots[slot] = entry + 1;
    return entry;
  }

  /** Puts a text into `scratch`; returns its length in bytes. */
  function scratchText(text: string): number {
    if (scratch.length < text.length * 3) scratch = new Uint8Array(text.length * 3);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return encoder.encodeInto(text, scratch).written;
      scratch[i] = code;
    }
    return text.length;
  }

  function findBytes(kind: number, bytes: Uint8Array, start: number, end: number): Entry {
    const hash = hashKey(kind, bytes, start, end);
    const tail = slots[slotOf(hash, kind, bytes, start, end)]! - 1;
    return tail < 0 ? -1 : rings[tail]!;
  }

  /** The slot whose ring an entry is in. */
  function slotOfEntry(entry: Entry): number {
    return slotOf(
      hashes[entry]!,
      kinds[entry]!,
      arena,
      starts[entry]! + skips[entry]!,
      endOf(entry),
    );
  }

  /** Empties a slot; later entries of its run move up so that probing still finds them. */
  function freeSlot(slot: number): void {
    const mask = slots.length - 1;
    let hole = slot;
    for (let at = (slot + 1) & mask; slots[at] !== 0; at = (at + 1) & mask) {
      const home = hashes[slots[at]! - 1]! & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      slots[hole] = slots[at]!;
      hole = at;
    }
    slots[hole] = 0;
  }

  function remove(entry: Entry): void {
    const slot = slotOfEntry(entry);
    const tail = slots[slot]! - 1;
    if (rings[entry] === entry) {
      freeSlot(slot);
      keys--;
    } else {
      let before = tail;
      while (rings[before] !== entry) before = rings[before]!;
      rings[before] = rings[entry]!;
      if (tail === entry) slots[slot] = before + 1;
    }
    kinds[entry] = DEAD;
    dead++;
    if (dead > 1024 && dead * 2 > count) compact();
  }

  /** Drops the dead; live entries keep their order. */
  function compact(): void {
    const moved = new Uint32Array(count);
    let to = 0;
    let end = 0;
    for (let from = 0; from < count; from++) {
      if (kinds[from] === DEAD) continue;
      const start = starts[from]!;
      const stop = endOf(from);
      arena.copyWithin(end, start, stop);
      starts[to] = end;
      end += stop - start;
      handles[to] = handles[from]!;
      hashes[to] = hashes[from]!;
      rings[to] = rings[from]!;
      kinds[to] = kinds[from]!;
      skips[to] = skips[from]!;
      moved[from] = to++;
    }
    for (let entry = 0; entry < to; entry++) rings[entry] = moved[rings[entry]!]!;
    for (let slot = 0; slot < slots.length; slot++) {
      if (slots[slot] !== 0) slots[slot] = moved[slots[slot]! - 1]! + 1;
    }
    count = to;
    used = end;
    dead = 0;
    epoch++;
    onMove?.(moved);
  }

  const text = (entry: Entry) => textOf(arena, starts[entry]!, endOf(entry));

  return {
    get size() {
      return count - dead;
    },
    addBytes: (kind, bytes, start, end, skip, handle) =>
      addBytes(kind, bytes, start, end, skip, handle, false),
    addNewBytes: (kind, bytes, start, end, skip, handle) =>
      addBytes(kind, bytes, start, end, skip, handle, true),
    reserve(entries, bytes) {
      if (count + entries > starts.length) grow(count + entries);
      if (used + bytes > arena.length) arena = enlarge(arena, used + bytes);
      let length = slots.length;
      while (length * 2 < (keys + entries) * 3) length *= 2;
      if (length > slots.length) rehash(length);
    },
    columns: () => ({
      arena,
      starts,
      handles,
      hashes,
      rings,
      kinds,
      skips,
      slots,
      used,
      count,
      keys,
    }),
    adopt(columns) {
      ({ arena, starts, handles, hashes, rings, kinds, skips, slots, used, count, keys } = columns);
    },
    addText(kind, text, skip, handle) {
      const length = scratchText(text);
      return addBytes(kind, scratch, 0, length, skip, handle, false);
    },
    find(kind, key) {
      // First the length: it may take a larger scratch.
      const length = scratchText(key);
      return findBytes(kind, scratch, 0, length);
    },
    next(entry) {
      const next = rings[entry]!;
      // The ring's last entry is the one whose follower came first.
      return next <= entry ? -1 : next;
    },
    remove,
    text,
    handle: (entry) => handles[entry]!,
    observable: (entry) => ({ kind: OBSERVABLE_KINDS[kinds[entry]!]!, value: text(entry) }),
    *live() {
      for (let entry = 0; entry < count; entry++) if (kinds[entry] !== DEAD) yield entry;
    },
    view: () => ({ epoch, count, used, arena, starts, skips, kinds, handles }),
  };
}

/** Four bytes at a time, then the finaliser of MurmurHash3, as neighbours in lists differ in few bits. */
function hashKey(kind: number, bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 ^ kind;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    const word = bytes[i]! | bytes[i + 1]! << 8 | bytes[i + 2]! << 16 | bytes[i + 3]! << 24;
    hash = Math.imul(hash ^ word, 0x9e3779b1);
    hash = hash << 15 | hash >>> 17;
  }
  for (; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(bytes.subarray(start, end));
}

function enlarge<A extends Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(
  array: A,
  length: number,
): A {
  const larger = new (array.constructor as new (length: number) => A)(length);
  larger.set(array);
  return larger;
}
