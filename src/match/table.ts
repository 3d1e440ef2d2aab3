/**
 * A multimap from (kind, key) to handles for millions of entries: bytes in one
 * arena and numbers in typed arrays, about 30 bytes an entry besides its text.
 */
import { DEAD, emptyColumns, endOf, makeRoom, type TableColumns } from "./columns.ts";
import { createCompaction, type OnMove } from "./compaction.ts";
import { hashKey, writeKey } from "./key_hash.ts";
import { type Observable, OBSERVABLE_KINDS, type ObservableKind } from "./observable.ts";
import { createRings } from "./rings.ts";
import type { Entry, Handle, IocCursor, IocView } from "./set.ts";

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
  const rings = createRings(columns);
  const cursors = new Set<IocCursor>();
  const compaction = createCompaction({ columns, cursors, relink: rings.relink, onMove });
  let scratch = new Uint8Array(1 << 10);

  /** To be called before an entry is added: with room for its bytes. */
  function prepare(bytes: number): void {
    compaction.step();
    rings.slots.grow(columns.keys);
    makeRoom(columns, columns.count + 1, columns.used + bytes);
  }

  /** Adds an entry whose text already stands behind those that are in use; `hash` is that of its key. */
  function enter(
    kind: number,
    length: number,
    skip: number,
    hash: number,
    handle: Handle,
    onlyNew: boolean,
  ): number {
    const { count: entry, used, arena } = columns;
    const end = used + length;
    const tail = rings.find(hash, kind, arena, used + skip, end);
    if (onlyNew && tail >= 0) return -1 - columns.rings[tail]!;
    columns.starts[entry] = used;
    columns.handles[entry] = handle;
    columns.hashes[entry] = hash;
    columns.kinds[entry] = kind;
    columns.skips[entry] = skip;
    columns.used = end;
    columns.count = entry + 1;
    rings.link(entry, hash, tail);
    return entry;
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
    prepare(end - start);
    const { arena, used } = columns;
    for (let i = start, at = used; i < end; i++) arena[at++] = bytes[i]!;
    const hash = hashKey(kind, arena, used + skip, used + end - start);
    return enter(kind, end - start, skip, hash, handle, onlyNew);
  }

  function remove(entry: Entry): void {
    rings.unlink(entry);
    columns.kinds[entry] = DEAD;
    compaction.removed();
    compaction.step();
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
      rings.slots.reserve(columns.keys + entries);
    },
    columns() {
      const slots = rings.slots.lay();
      return { ...columns, slots };
    },
    adopt({ slots, ...others }) {
      Object.assign(columns, others);
      rings.slots.adopt(slots);
    },
    addText(kind, text, skip, handle) {
      prepare(text.length * MOST_BYTES);
      const { arena, used } = columns;
      const hash = writeKey(kind, text, skip, arena, used);
      if (hash >= 0) return enter(kind, text.length, skip, hash, handle, false);
      const { written } = encoder.encodeInto(text, arena.subarray(used));
      const other = hashKey(kind, arena, used + skip, used + written);
      return enter(kind, written, skip, other, handle, false);
    },
    find(kind, key) {
      if (scratch.length < key.length * MOST_BYTES) {
        scratch = new Uint8Array(key.length * MOST_BYTES);
      }
      let end = key.length, hash = writeKey(kind, key, 0, scratch, 0);
      if (hash < 0) {
        end = encoder.encodeInto(key, scratch).written;
        hash = hashKey(kind, scratch, 0, end);
      }
      const tail = rings.find(hash, kind, scratch, 0, end);
      return tail < 0 ? -1 : columns.rings[tail]!;
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

/** Bytes of a character of a text, at most. */
const MOST_BYTES = 3;

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(bytes.subarray(start, end));
}
