/**
 * A multimap from (kind, key) to handles for millions of entries: bytes in one
 * arena and numbers in typed arrays, about 30 bytes an entry besides its text.
 */
import { DEAD, emptyColumns, endOf, makeRoom, type TableColumns } from "./columns.ts";
import { createCompaction, type OnMove } from "./compaction.ts";
import { type Observable, OBSERVABLE_KINDS, type ObservableKind } from "./observable.ts";
import type { Entry, Handle, IocCursor, IocView } from "./set.ts";
import { createSlots } from "./slots.ts";

/** Kinds by number, as the table and `IocView` have them. */
export const KIND_NUMBERS = Object.fromEntries(
  OBSERVABLE_KINDS.map((kind, index) => [kind, index]),
) as Record<ObservableKind, number>;

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
  /** The first entry of a key in order of arrival, or -1; entries have these numbers until the next change. */
  find(kind: number, key: string): Entry;
  /** The entry after this one with the same key, or -1. */
  next(entry: Entry): Entry;
  remove(entry: Entry): void;
  text(entry: Entry): string;
  handle(entry: Entry): Handle;
  observable(entry: Entry): Observable;
  /** Entries that are not dead, in order of arrival; it may change meanwhile. */
  live(): Iterable<Entry>;
  view(): IocView;
  /** A cursor at the first entry; as long as the table lives. */
  cursor(): IocCursor;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Makes an empty table. */
export function createTable(onMove?: OnMove): Table {
  const columns = emptyColumns();
  const slots = createSlots((number) => columns.hashes[number - 1]!);
  const cursors = new Set<IocCursor>();
  const compaction = createCompaction({ columns, cursors, relink, onMove });
  let scratch = new Uint8Array(1 << 10);

  /** The slot of a key in some slots, or of the free place where it would go. */
  function probe(
    slots: Uint32Array,
    hash: number,
    kind: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): number {
    const mask = slots.length - 1;
    for (let slot = hash & mask;; slot = (slot + 1) & mask) {
      const tail = slots[slot]! - 1;
      if (tail < 0 || isKey(tail, hash, kind, bytes, start, end)) return slot;
    }
  }

  /** The same; below 0 it is among the old slots: `-1 - slot`. */
  function slotOf(hash: number, kind: number, bytes: Uint8Array, start: number, end: number) {
    const { now, old } = slots;
    const slot = probe(now, hash, kind, bytes, start, end);
    if (old.length === 1 || now[slot] !== 0) return slot;
    const before = probe(old, hash, kind, bytes, start, end);
    return old[before] === 0 ? slot : -1 - before;
  }

  /** What is in a slot that `slotOf` gave: the last entry of a ring, -1 if it is free. */
  function tailIn(slot: number): Entry {
    return (slot < 0 ? slots.old[-1 - slot]! : slots.now[slot]!) - 1;
  }

  function setTail(slot: number, tail: Entry): void {
    if (slot < 0) slots.old[-1 - slot] = tail + 1;
    else slots.now[slot] = tail + 1;
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

  function addBytes(
    kind: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    skip: number,
    handle: Handle,
    onlyNew: boolean,
  ): number {
    compaction.step();
    slots.grow(columns.keys);
    const hash = hashKey(kind, bytes, start + skip, end);
    const slot = slotOf(hash, kind, bytes, start + skip, end);
    const tail = tailIn(slot);
    const { count: entry, used } = columns;
    if (onlyNew && tail >= 0) return -1 - columns.rings[tail]!;
    makeRoom(columns, entry + 1, used + end - start);
    const { arena, rings } = columns;
    for (let i = start, at = used; i < end; i++) arena[at++] = bytes[i]!;
    columns.starts[entry] = used;
    columns.handles[entry] = handle;
    columns.hashes[entry] = hash;
    columns.kinds[entry] = kind;
    columns.skips[entry] = skip;
    columns.used = used + end - start;
    columns.count++;
    rings[entry] = tail < 0 ? entry : rings[tail]!;
    if (tail < 0) columns.keys++;
    else rings[tail] = entry;
    setTail(slot, entry);
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
    const tail = tailIn(slotOf(hashKey(kind, bytes, start, end), kind, bytes, start, end));
    return tail < 0 ? -1 : columns.rings[tail]!;
  }

  /** The slot whose ring an entry is in. */
  function slotOfEntry(entry: Entry): number {
    const { arena, starts, skips, hashes, kinds } = columns;
    const start = starts[entry]! + skips[entry]!;
    return slotOf(hashes[entry]!, kinds[entry]!, arena, start, endOf(columns, entry));
  }

  /** The entry before another one in its ring. */
  function entryBefore(entry: Entry, tail: Entry): Entry {
    const { rings } = columns;
    let before = tail;
    while (rings[before] !== entry) before = rings[before]!;
    return before;
  }

  function remove(entry: Entry): void {
    const { rings, kinds } = columns;
    const slot = slotOfEntry(entry);
    if (rings[entry] === entry) {
      if (slot < 0) slots.free(slots.old, -1 - slot);
      else slots.free(slots.now, slot);
      columns.keys--;
    } else {
      const tail = tailIn(slot);
      const before = entryBefore(entry, tail);
      rings[before] = rings[entry]!;
      if (tail === entry) setTail(slot, before);
    }
    kinds[entry] = DEAD;
    compaction.removed();
    compaction.step();
  }

  function relink(from: Entry, to: Entry): void {
    const { rings } = columns;
    const slot = slotOfEntry(from);
    const tail = tailIn(slot);
    const before = entryBefore(from, tail);
    rings[to] = before === from ? to : rings[from]!;
    if (before !== from) rings[before] = to;
    if (tail === from) setTail(slot, to);
  }

  function cursor(): IocCursor {
    const cursor = { at: 0 };
    cursors.add(cursor);
    return cursor;
  }

  function* live(): Iterable<Entry> {
    const place = cursor();
    try {
      while (place.at < columns.count) {
        const entry = place.at++;
        if (columns.kinds[entry] !== DEAD) yield entry;
      }
    } finally {
      cursors.delete(place);
    }
  }

  const text = (entry: Entry) =>
    textOf(columns.arena, columns.starts[entry]!, endOf(columns, entry));

  return {
    get size() {
      return columns.count - compaction.dead;
    },
    addBytes: (kind, bytes, start, end, skip, handle) =>
      addBytes(kind, bytes, start, end, skip, handle, false),
    addNewBytes: (kind, bytes, start, end, skip, handle) =>
      addBytes(kind, bytes, start, end, skip, handle, true),
    reserve(entries, bytes) {
      makeRoom(columns, columns.count + entries, columns.used + bytes);
      slots.reserve(columns.keys + entries);
    },
    columns() {
      slots.settle();
      return { ...columns, slots: slots.now };
    },
    adopt({ slots: adopted, ...others }) {
      Object.assign(columns, others);
      slots.adopt(adopted);
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
      const next = columns.rings[entry]!;
      // The ring's last entry is the one whose follower came first.
      return next <= entry ? -1 : next;
    },
    remove,
    text,
    handle: (entry) => columns.handles[entry]!,
    observable: (entry) => ({ kind: OBSERVABLE_KINDS[columns.kinds[entry]!]!, value: text(entry) }),
    live,
    view() {
      const { count, used, arena, starts, skips, kinds, handles } = columns;
      return { count, used, arena, starts, skips, kinds, handles };
    },
    cursor,
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
