/**
 * Takes the removed entries out of a table, a few with each change: those that are left move down
 * one by one, in their order, over the gap that grows between them and the others.
 */
import { DEAD, endOf, moveEntry, type OwnColumns } from "./columns.ts";
import type { Entry, Handle, IocCursor } from "./set.ts";

/** Called when the entry of a handle gets another number. */
export type OnMove = (handle: Handle, to: Entry) => void;

/** See the top of the file. */
export interface Compaction {
  /** Entries that are removed and not yet taken out. */
  readonly dead: number;
  /** An entry was removed. */
  removed(): void;
  /** Moves on a little, as it should with each change; entries have other numbers then. */
  step(): void;
}

/** What is compacted. */
export interface CompactionParts {
  readonly columns: OwnColumns;
  /** Who reads the entries one after the other. */
  readonly cursors: Iterable<IocCursor>;
  /** Puts the new number of an entry where its key's ring has the old one. */
  readonly relink: (from: Entry, to: Entry) => void;
  readonly onMove: OnMove | undefined;
}

/** Fewer removed entries are not worth it. */
const LEAST = 1024;
/** Entries that are looked at with each change: it is over before as many were removed again. */
const STEP = 8;

/** Makes the compaction of a table. */
export function createCompaction(parts: CompactionParts): Compaction {
  const { columns, cursors, relink, onMove } = parts;
  let dead = 0;
  let isUnderWay = false;
  /** Entries before `to` are in their places, their texts before `end`; the gap is [to, from). */
  let to = 0, from = 0, end = 0;

  /** Who had read up to somewhere in the gap had read all before it. */
  function pullCursors(): void {
    for (const cursor of cursors) if (cursor.at > to && cursor.at <= from) cursor.at = to;
  }

  /** Takes the entry behind the gap before it. */
  function keep(): void {
    const { arena, starts, kinds, handles } = columns;
    const start = starts[from]!, stop = endOf(columns, from);
    if (to < from) {
      relink(from, to);
      arena.copyWithin(end, start, stop);
      starts[to] = end;
      moveEntry(columns, from, to);
      kinds[from] = DEAD;
      onMove?.(handles[to]!, to);
    }
    to++;
    end += stop - start;
    // The last text before the gap ends where the gap starts.
    if (to <= from) starts[to] = end;
  }

  function finish(): void {
    isUnderWay = false;
    dead -= from - to;
    columns.count = to;
    columns.used = end;
  }

  return {
    get dead() {
      return dead;
    },
    removed() {
      dead++;
      if (isUnderWay || dead < LEAST || dead * 2 <= columns.count) return;
      isUnderWay = true;
      to = from = end = 0;
    },
    step() {
      for (let left = STEP; isUnderWay && left > 0; left--) {
        pullCursors();
        if (from === columns.count) return finish();
        if (columns.kinds[from] !== DEAD) keep();
        from++;
      }
    },
  };
}
