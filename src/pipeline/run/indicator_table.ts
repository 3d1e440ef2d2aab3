/**
 * The tables of indicators in a state: a row for each with its object, and what a restart needs of
 * all of them (ids, times, values) in few rows, each for the versions of neighbouring handles.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import {
  createVersionPacker,
  endAt,
  PackedVersions,
  placeAt,
} from "../../intel/packed_versions.ts";
import type { Version } from "../../intel/version.ts";
import type { Handle } from "../../match/set.ts";

/** A version that takes a row's place, or that the row is to go. */
export interface Change {
  readonly version: Version | undefined;
  /** What was searched for the version on disk counts for this one. */
  readonly continues: boolean;
}

/** Versions of so many handles are in one row: more would make a single change dearer. */
const BLOCK = 32;

// Handles ascend with time, so rows are appended: with random ids as keys, each would rewrite a
// page. Nothing here makes a statement fail halfway (NOT NULL would), for which SQLite writes a
// journal of its own to a temporary file.
export const TABLES = `
  CREATE TABLE indicators (handle INTEGER PRIMARY KEY, stix TEXT);
  CREATE TABLE versions (block INTEGER PRIMARY KEY, packed BLOB);
`;

/** Rows that are written with one statement. */
const GROUP = 32;

/** Makes what writes changes, each to be called within a transaction. */
export function createWriter(db: DatabaseSync) {
  const writeRows = createRowWriter(db);
  const writeVersions = createVersionWriter(db);
  return (changes: ReadonlyMap<Handle, Change>) => {
    const ordered = inOrder(changes);
    writeRows(ordered);
    writeVersions(ordered);
  };
}

/** Changes by handle, ascending. */
type Ordered = readonly (readonly [Handle, Change])[];

function inOrder(changes: ReadonlyMap<Handle, Change>): Ordered {
  const ordered = [...changes];
  // New indicators come in order.
  for (let at = 1; at < ordered.length; at++) {
    if (ordered[at - 1]![0] > ordered[at]![0]) return ordered.sort(([a], [b]) => a - b);
  }
  return ordered;
}

function createRowWriter(db: DatabaseSync): (changes: Ordered) => void {
  const insert = (rows: number): StatementSync =>
    db.prepare(
      // Texts come as such or in UTF-8.
      "INSERT OR REPLACE INTO indicators (handle, stix) VALUES " +
        Array(rows).fill("(?, CAST(? AS TEXT))").join(),
    );
  const [one, group] = [insert(1), insert(GROUP)];
  const forget = db.prepare("DELETE FROM indicators WHERE handle = ?");
  const values = Array<SQLInputValue>(2 * GROUP).fill(null);
  return (changes) => {
    let count = 0;
    for (let at = 0; at < changes.length; at++) {
      const [handle, { version }] = changes[at]!;
      if (version === undefined) {
        forget.run(handle);
        continue;
      }
      values[count++] = handle;
      values[count++] = version.json;
      if (count < values.length) continue;
      group.run(...values);
      count = 0;
    }
    for (let at = 0; at < count; at += 2) one.run(values[at]!, values[at + 1]!);
    // Objects are not to be held longer than they are needed.
    values.fill(null);
  };
}

const NOTHING = new Uint8Array();

function createVersionWriter(db: DatabaseSync): (changes: Ordered) => void {
  const select = db.prepare("SELECT packed FROM versions WHERE block = ?");
  const insert = db.prepare("INSERT OR REPLACE INTO versions (block, packed) VALUES (?, ?)");
  const forget = db.prepare("DELETE FROM versions WHERE block = ?");
  const packer = createVersionPacker();
  return (changes) => {
    for (let at = 0; at < changes.length;) {
      const block = Math.floor(changes[at]![0] / BLOCK);
      const first = block * BLOCK;
      const before = (select.get(block)?.["packed"] ?? NOTHING) as Uint8Array;
      let kept = 0;
      for (; at < changes.length && changes[at]![0] < first + BLOCK; at++) {
        const [handle, { version }] = changes[at]!;
        const place = handle - first, start = kept;
        while (kept < before.length && placeAt(before, kept) < place) kept = endAt(before, kept);
        if (kept > start) packer.copy(before, start, kept);
        if (kept < before.length && placeAt(before, kept) === place) kept = endAt(before, kept);
        if (version !== undefined) packer.add(place, version);
      }
      packer.copy(before, kept, before.length);
      const packed = packer.take();
      if (packed.length > 0) insert.run(block, packed);
      else forget.run(block);
    }
  };
}

/** The handle above all that are there, and the bytes of all versions. */
export function extentOf(db: DatabaseSync): { readonly handles: number; readonly bytes: number } {
  const sizes = "SELECT max(block) AS last, sum(length(packed)) AS bytes FROM versions";
  const { last, bytes } = db.prepare(sizes).get()!;
  return { handles: (Number(last ?? -1) + 1) * BLOCK, bytes: Number(bytes ?? 0) };
}

/** The versions that are there, in order of their handles. */
export function* versionsOf(db: DatabaseSync): Iterable<PackedVersions> {
  const page = db.prepare(
    "SELECT block, packed FROM versions WHERE block > ? ORDER BY block LIMIT 200",
  );
  for (let rows = page.all(-1); rows.length > 0; rows = page.all(rows.at(-1)!["block"]!)) {
    for (const { block, packed } of rows) {
      yield new PackedVersions(packed as Uint8Array, Number(block) * BLOCK);
    }
  }
}
