/**
 * What passed over the bus, so that snapshots can be answered: the last message of
 * every indicator and all sightings of the retention, in the order they came.
 */
import { DatabaseSync } from "node:sqlite";
import { ConfigError } from "../../errors.ts";
import { reasonOf } from "../../system_error.ts";

/** An object type that is kept. */
export type StoredType = "indicator" | "sighting";

/** Which part of the store to read. Rows count up in the order in which messages came. */
export interface StoreRange {
  /** Only what came at or after this time, ms since the epoch. */
  readonly since: number;
  /** Only rows after this one; 0 at the start. */
  readonly after: number;
  /** Only rows up to this one, so that what comes meanwhile is not read too. */
  readonly until: number;
  readonly limit: number;
}

/** A page of messages, oldest first; fewer than `limit` is the end. */
export interface StorePage {
  /** JSON texts as they were published. */
  readonly objects: readonly string[];
  /** The last row read. */
  readonly last: number;
}

/**
 * The bus's memory. Times are ms since the epoch. Writing throws when the disk is
 * full; what was not committed is then forgotten, and writing may be tried again.
 */
export interface BusStore {
  /** Keeps an indicator's newest message; `origin` names the file it came from. */
  putIndicator(id: string, json: string, time: number, origin?: string): void;
  addSighting(json: string, time: number): void;
  /** The newest row of a type, 0 if there is none. */
  lastRow(type: StoredType): number;
  page(type: StoredType, range: StoreRange): StorePage;
  /** The indicator's newest message. */
  indicator(id: string): StoredIndicator | undefined;
  /** Ids of the indicators that came from a file. */
  idsFrom(origin: string): string[];
  /** All files that indicators came from. */
  origins(): string[];
  /** Drops what came before a time, except what stands in files. */
  prune(before: number): void;
  /** Makes all writes durable. */
  commit(): void;
  close(): void;
}

/** An indicator's newest message. */
export interface StoredIndicator {
  readonly json: string;
  readonly time: number;
  readonly origin: string | null;
}

// AUTOINCREMENT: a row number is never used twice, so a range read in pages has no holes.
const SCHEMA = `
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS indicator (
  row INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE, time INTEGER NOT NULL, origin TEXT, json TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS indicator_time ON indicator (time);
CREATE INDEX IF NOT EXISTS indicator_origin ON indicator (origin) WHERE origin IS NOT NULL;
CREATE TABLE IF NOT EXISTS sighting (
  row INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, json TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS sighting_time ON sighting (time);
`;

/** Writes are gathered into one transaction of at most so many. */
const MAX_UNCOMMITTED = 5_000;
/** A full store makes room for so many messages at a time, or for a part of what it has. */
const MAKE_ROOM = 5_000, MAKE_ROOM_PART = 1 / 50;

/** How much a store holds. */
export interface StoreLimits {
  /** Bytes that its messages may take; beyond, the oldest go. */
  readonly bytes: number;
  /** Told once, when the first have to go. */
  readonly onFull: () => void;
}

/** Opens or makes the store. `:memory:` keeps nothing over a restart. Throws `ConfigError`. */
export function openStore(path: string, limits?: StoreLimits): BusStore {
  const database = openDatabase(path);
  const statements = prepare(database);
  let uncommitted = 0;
  let wasFull = false;

  const guarded = (action: () => void) => {
    try {
      action();
    } catch (error) {
      // A full disk must not leave a transaction open in which all that follows fails.
      uncommitted = 0;
      try {
        database.exec("ROLLBACK");
      } catch { /* SQLite has done so itself */ }
      throw error;
    }
  };
  const commit = () => {
    if (uncommitted === 0) return;
    guarded(() => database.exec("COMMIT"));
    uncommitted = 0;
    if (limits !== undefined && statements.used() > limits.bytes) makeRoom(limits);
  };
  /** Drops oldest messages, in the next transaction; that one's commit goes on if it must. */
  const makeRoom = ({ onFull }: StoreLimits) => {
    let dropped = 0;
    write(() => dropped = statements.dropOldest("sighting") || statements.dropOldest("indicator"));
    if (dropped > 0 && !wasFull) onFull();
    wasFull ||= dropped > 0;
  };
  const write = (action: () => void) => {
    guarded(() => {
      if (uncommitted === 0) database.exec("BEGIN");
      uncommitted++;
      action();
    });
    if (uncommitted >= MAX_UNCOMMITTED) commit();
  };

  return {
    putIndicator: (id, json, time, origin) =>
      write(() => statements.put.run(id, time, origin ?? null, json)),
    addSighting: (json, time) => write(() => statements.add.run(time, json)),
    lastRow: (type) => Number(statements[type].last.get()!.row ?? 0),
    page: (type, range) => readPage(statements[type], range),
    indicator: (id) => statements.one.get(id) as unknown as StoredIndicator | undefined,
    idsFrom: (origin) => statements.from.all(origin).map((row) => String(row.id)),
    origins: () => statements.origins.all().map((row) => String(row.origin)),
    prune: (before) =>
      write(() => {
        statements.pruneIndicators.run(before);
        statements.pruneSightings.run(before);
      }),
    commit,
    close: () => {
      commit();
      database.close();
    },
  };
}

function readPage(statements: ReturnType<typeof prepareTable>, range: StoreRange): StorePage {
  const { since, until, limit } = range;
  let { after } = range;
  if (after === 0) {
    const first = statements.first.get(since)?.row;
    if (first === undefined || first === null) return { objects: [], last: 0 };
    after = Number(first) - 1;
  }
  const rows = statements.page.all(after, until, since, limit);
  return {
    objects: rows.map((row) => String(row.json)),
    last: Number(rows.at(-1)?.row ?? after),
  };
}

function openDatabase(path: string): DatabaseSync {
  try {
    if (path !== ":memory:") keepPrivate(path);
    const database = new DatabaseSync(path);
    database.exec(SCHEMA);
    return database;
  } catch (error) {
    throw new ConfigError(`Cannot open the bus's store: ${reasonOf(error)}`, {
      place: { file: path },
      hint: "Name a file in a folder that can be written, or :memory: to keep nothing.",
      cause: error,
    });
  }
}

/** Makes the file, readable by its owner only, before SQLite would make it for all. */
function keepPrivate(path: string): void {
  const folder = path.replace(/[^/\\]*$/, "");
  if (folder !== "") Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  Deno.openSync(path, { create: true, write: true, mode: 0o600 }).close();
}

function prepareTable(database: DatabaseSync, table: StoredType) {
  const kept = table === "indicator" ? "WHERE origin IS NULL" : "";
  return {
    oldest: database.prepare(
      `DELETE FROM ${table} WHERE row IN (SELECT row FROM ${table} ${kept} ORDER BY row LIMIT ?)`,
    ),
    /** About how many there are, without counting them. */
    span: database.prepare(`SELECT max(row) - min(row) AS span FROM ${table}`),
    last: database.prepare(`SELECT max(row) AS row FROM ${table}`),
    first: database.prepare(`SELECT min(row) AS row FROM ${table} WHERE time >= ?`),
    page: database.prepare(
      `SELECT row, json FROM ${table} WHERE row > ? AND row <= ? AND time >= ? ORDER BY row LIMIT ?`,
    ),
  };
}

function prepare(database: DatabaseSync) {
  const tables = {
    indicator: prepareTable(database, "indicator"),
    sighting: prepareTable(database, "sighting"),
  };
  const pages = database.prepare(
    `SELECT (page_count - freelist_count) * page_size AS bytes
     FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()`,
  );
  return {
    ...tables,
    /** Bytes that are used of the file. */
    used: () => Number(pages.get()!.bytes),
    /** Returns how many went; what stands in files stays. */
    dropOldest(type: StoredType): number {
      const { oldest, span } = tables[type];
      const part = Math.ceil(Number(span.get()!.span ?? 0) * MAKE_ROOM_PART);
      return Number(oldest.run(Math.min(MAKE_ROOM, Math.max(1, part))).changes);
    },
    put: database.prepare(
      "INSERT OR REPLACE INTO indicator (id, time, origin, json) VALUES (?, ?, ?, ?)",
    ),
    add: database.prepare("INSERT INTO sighting (time, json) VALUES (?, ?)"),
    one: database.prepare("SELECT json, time, origin FROM indicator WHERE id = ?"),
    from: database.prepare("SELECT id FROM indicator WHERE origin = ?"),
    origins: database.prepare(
      "SELECT DISTINCT origin FROM indicator WHERE origin IS NOT NULL",
    ),
    pruneIndicators: database.prepare("DELETE FROM indicator WHERE time < ? AND origin IS NULL"),
    pruneSightings: database.prepare("DELETE FROM sighting WHERE time < ?"),
  };
}
