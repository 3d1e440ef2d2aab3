import { Buffer } from "node:buffer";
import type { DatabaseSync } from "node:sqlite";

/** Ids that were queued before, on disk. */
export interface SeenTable {
  /** Remembers ids, inside a transaction; tells of each whether it is new. */
  add(ids: readonly string[]): readonly boolean[];
}

/** How long ids are remembered. */
export interface SeenOptions {
  /** At least so long, ms. */
  readonly remember: number;
  readonly now: () => number;
}

/** After so many new ids the next of the old are looked at: twice as many, so that no call takes long. */
const SWEEP_EVERY = 10_000;
/** Bytes of an id that is a UUID. */
const WIDTH = 16;

/**
 * Opens the table. It has no index by time, which would cost as much as the ids
 * themselves: what is too old is found by going through the ids, part by part.
 */
export function openSeenTable(db: DatabaseSync, { remember, now }: SeenOptions): SeenTable {
  const statements = prepare(db);
  let sinceSweep = 0;
  /** Where the next part of the sweep begins. */
  let from = new Uint8Array();
  const sweep = () => {
    const end = statements.boundary.get(from, 2 * SWEEP_EVERY)?.["id"] as Uint8Array | undefined;
    const old = now() - remember;
    if (end === undefined) statements.forgetRest.run(from, old);
    else statements.forget.run(from, end, old);
    from = end === undefined ? new Uint8Array() : Uint8Array.from(end);
  };
  const addEach = (ids: readonly string[], at: number) =>
    ids.map((id) => statements.add.run(idBytes(id), at).changes > 0);
  /** One statement for all; only where some are known each has to be asked for. */
  const addAll = (ids: readonly string[], at: number): boolean => {
    const packed = pack(ids);
    if (packed === undefined) return false;
    db.exec("SAVEPOINT seen");
    const isNew = Number(statements.addAll.run(ids.length, packed, at).changes) === ids.length;
    db.exec(isNew ? "RELEASE seen" : "ROLLBACK TO seen; RELEASE seen");
    return isNew;
  };
  return {
    add(ids) {
      sinceSweep += ids.length;
      if (sinceSweep >= SWEEP_EVERY) {
        sinceSweep = 0;
        sweep();
      }
      const at = now();
      return addAll(ids, at) ? ids.map(() => true) : addEach(ids, at);
    },
  };
}

function prepare(db: DatabaseSync) {
  return {
    add: db.prepare("INSERT OR IGNORE INTO seen (id, at) VALUES (?, ?)"),
    addAll: db.prepare(`
      WITH RECURSIVE place (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM place WHERE n < ?)
      INSERT OR IGNORE INTO seen (id, at)
        SELECT substr(?, (n - 1) * ${WIDTH} + 1, ${WIDTH}), ? FROM place`),
    boundary: db.prepare("SELECT id FROM seen WHERE id >= ? ORDER BY id LIMIT 1 OFFSET ?"),
    forget: db.prepare("DELETE FROM seen WHERE id >= ? AND id < ? AND at < ?"),
    forgetRest: db.prepare("DELETE FROM seen WHERE id >= ? AND at < ?"),
  };
}

/** UUIDs one after the other, sorted, so that those on one page of the table come together. */
function pack(ids: readonly string[]): Uint8Array | undefined {
  const packed = new Uint8Array(ids.length * WIDTH);
  let at = 0;
  for (const id of [...ids].sort()) {
    if (!writeUuid(id, packed, at)) return undefined;
    at += WIDTH;
  }
  return packed;
}

/** Writes the 16 bytes of a UUID; false if the text is none. */
function writeUuid(id: string, into: Uint8Array, at: number): boolean {
  if (id.length !== 36) return false;
  let digits = 0, byte = 0;
  for (let index = 0; index < 36; index++) {
    const code = id.charCodeAt(index);
    if (index === 8 || index === 13 || index === 18 || index === 23) {
      if (code !== 0x2d) return false;
      continue;
    }
    const digit = hexDigit(code);
    if (digit < 0) return false;
    byte = byte << 4 | digit;
    if (++digits % 2 === 0) {
      into[at + digits / 2 - 1] = byte;
      byte = 0;
    }
  }
  return true;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** A UUID as its 16 bytes; any other text as it is. */
function idBytes(id: string): Uint8Array {
  const bytes = new Uint8Array(WIDTH);
  return writeUuid(id, bytes, 0) ? bytes : Buffer.from(id);
}
