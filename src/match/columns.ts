/** What a table is made of: bytes in one arena and numbers in typed arrays. */
import { enlarge } from "./enlarge.ts";
import type { Entry } from "./set.ts";

type Words = Uint32Array<ArrayBuffer>;
type Bytes = Uint8Array<ArrayBuffer>;

/** The columns of a table; arrays may be longer than what is in use. */
export interface TableColumns {
  /** Texts in UTF-8, one after the other. */
  readonly arena: Bytes;
  /** By entry: where its text starts; it ends where the next one starts, the last at `used`. */
  readonly starts: Words;
  readonly handles: Words;
  /** Of the key. */
  readonly hashes: Words;
  /** The next entry with the same key; the last one's is the first: a ring. */
  readonly rings: Words;
  readonly kinds: Bytes;
  /** Bytes of the text that are no key. */
  readonly skips: Bytes;
  /** Open addressing: the last entry of a ring plus one, 0 if free. */
  readonly slots: Words;
  /** Bytes of `arena` in use, entries, and keys: slots in use. */
  readonly used: number;
  readonly count: number;
  readonly keys: number;
}

/** The same for the table itself, which keeps the slots apart. */
export type OwnColumns = {
  -readonly [Name in Exclude<keyof TableColumns, "slots">]: TableColumns[Name];
};

/** Marks an entry that was removed. */
export const DEAD = 255;

const ENTRIES = 1 << 8;
const ARENA = 1 << 12;

/** Makes empty columns. */
export function emptyColumns(): OwnColumns {
  return {
    arena: new Uint8Array(ARENA),
    starts: new Uint32Array(ENTRIES),
    handles: new Uint32Array(ENTRIES),
    hashes: new Uint32Array(ENTRIES),
    rings: new Uint32Array(ENTRIES),
    kinds: new Uint8Array(ENTRIES),
    skips: new Uint8Array(ENTRIES),
    used: 0,
    count: 0,
    keys: 0,
  };
}

/** Makes room for so many entries and bytes of text in all. */
export function makeRoom(columns: OwnColumns, entries: number, bytes: number): void {
  if (bytes > columns.arena.length) columns.arena = enlarge(columns.arena, bytes);
  if (hasRoom(columns, entries)) return;
  columns.starts = enlarge(columns.starts, entries);
  columns.handles = enlarge(columns.handles, entries);
  columns.hashes = enlarge(columns.hashes, entries);
  columns.rings = enlarge(columns.rings, entries);
  columns.kinds = enlarge(columns.kinds, entries);
  columns.skips = enlarge(columns.skips, entries);
}

/** Each column grows by pages of its own, so none tells of the others. */
function hasRoom({ starts, handles, hashes, rings, kinds, skips }: OwnColumns, entries: number) {
  return entries <= starts.length && entries <= handles.length && entries <= hashes.length &&
    entries <= rings.length && entries <= kinds.length && entries <= skips.length;
}

/** Where the text of an entry ends. */
export function endOf({ starts, count, used }: OwnColumns, entry: Entry): number {
  return entry + 1 < count ? starts[entry + 1]! : used;
}

/** Puts all of an entry elsewhere but for its text and its ring. */
export function moveEntry(columns: OwnColumns, from: Entry, to: Entry): void {
  const { handles, hashes, kinds, skips } = columns;
  handles[to] = handles[from]!;
  hashes[to] = hashes[from]!;
  kinds[to] = kinds[from]!;
  skips[to] = skips[from]!;
}
