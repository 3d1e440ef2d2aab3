import { Buffer } from "node:buffer";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Delivery } from "../../sinks/sink.ts";
import type { State } from "../state/state.ts";
import { createNotice, type Notice } from "../zmtp/wait.ts";
import type { Queue, Queued, QueueItem, WhenFull } from "./queue.ts";

/** Settings of a spool. */
export interface SpoolOptions {
  /** Most bytes of bodies that wait. */
  readonly maxSize: number;
  readonly whenFull: WhenFull;
  readonly dedup: boolean;
  /** How long an id is remembered against duplicates, ms; 30 days unless said. */
  readonly remember?: number;
  readonly now?: () => number;
}

/** The queue on disk, with what only a disk keeps. */
export interface Spool extends Queue {
  /** Sinks that something waits for, configured now or not. */
  sinks(): readonly { readonly sink: string; readonly waiting: number; readonly dead: number }[];
}

/** Makes the tables; `bridge spool` reads them too. */
export function prepareSpool(db: DatabaseSync): void {
  db.exec(`
    CREATE TABLE IF NOT EXISTS spool (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      sink TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL, ioc TEXT NOT NULL,
      match_type TEXT NOT NULL, indicator_id TEXT NOT NULL,
      queued_at INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX IF NOT EXISTS spool_by_sink ON spool (sink, seq);
    CREATE TABLE IF NOT EXISTS dead (
      seq INTEGER PRIMARY KEY,
      sink TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL, ioc TEXT NOT NULL,
      match_type TEXT NOT NULL, indicator_id TEXT NOT NULL,
      queued_at INTEGER NOT NULL, attempts INTEGER NOT NULL,
      died_at INTEGER NOT NULL, error TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS seen (id BLOB PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
  `);
}

/** Columns that the waiting and the dead share. */
export const SPOOL_COLUMNS =
  "seq, sink, id, body, ioc, match_type, indicator_id, queued_at, attempts";

const REMEMBER = 30 * 24 * 3600 * 1000;
const FORGET_EVERY = 10_000;
/** How often a spool at rest looks whether others changed it, ms. */
const LOOK_EVERY = 1000;

/** Opens the spool of a state. */
export function openSpool(state: State, options: SpoolOptions): Spool {
  const { db } = state;
  prepareSpool(db);
  const now = options.now ?? Date.now;
  const statements = prepare(db);
  const waiting = new Map<string, number>();
  let size = 0, dropped = 0, sinceForget = 0;
  const recount = () => {
    waiting.clear();
    for (const row of db.prepare("SELECT sink, count(*) AS n FROM spool GROUP BY sink").all()) {
      waiting.set(row["sink"] as string, Number(row["n"]));
    }
    size = Number(db.prepare("SELECT total(length(body)) AS n FROM spool").get()!["n"]);
  };
  recount();
  const arrived = createNotice(), freed = createNotice();

  const count = (sink: string, change: number, bytes: number) => {
    waiting.set(sink, (waiting.get(sink) ?? 0) + change);
    size += bytes;
    if (change < 0) freed.raise();
  };
  const isNew = (id: string): boolean => {
    if (!options.dedup) return true;
    if (++sinceForget >= FORGET_EVERY) {
      sinceForget = 0;
      statements.forget.run(now() - (options.remember ?? REMEMBER));
    }
    return statements.remember.run(idBytes(id), now()).changes > 0;
  };
  const insert = (items: readonly QueueItem[]): readonly QueueItem[] => {
    const fresh = items.filter(({ id }) => isNew(id));
    for (const { id, ioc, matchType, indicatorId, bodies } of fresh) {
      for (const { sink, body } of bodies) {
        statements.insert.run(sink, id, body, ioc, matchType, indicatorId, now());
      }
    }
    return fresh;
  };
  const room = async (bytes: number, signal: AbortSignal) => {
    while (size + bytes > options.maxSize && size > 0) {
      if (options.whenFull === "drop-oldest") await dropOldest(bytes);
      else {
        signal.throwIfAborted();
        await freed.next(signal);
      }
    }
  };
  const dropOldest = async (bytes: number) => {
    const gone = await state.commit(() => {
      const rows: { sink: string; bytes: number }[] = [];
      let freedBytes = 0;
      for (const row of statements.oldest.all()) {
        if (size + bytes - freedBytes <= options.maxSize) break;
        const one = { sink: row["sink"] as string, bytes: Number(row["bytes"]) };
        statements.remove.run(row["seq"]!);
        freedBytes += one.bytes;
        rows.push(one);
      }
      return rows;
    });
    for (const { sink, bytes } of gone) count(sink, -1, -bytes);
    dropped += gone.length;
  };
  /** Deletes rows; those that were dropped meanwhile are not counted again. */
  const erase = (rows: readonly Queued[]) =>
    rows.filter(({ seq }) => statements.remove.run(seq).changes > 0);
  const gone = (sink: string, rows: readonly Queued[]) => {
    count(sink, -rows.length, -rows.reduce((sum, { body }) => sum + body.length, 0));
  };
  return {
    async put(items, signal) {
      await room(items.reduce((sum, item) => sum + bytesOf(item), 0), signal);
      const fresh = await state.commit(() => insert(items));
      for (const { bodies } of fresh) {
        for (const { sink, body } of bodies) count(sink, 1, body.length);
      }
      if (fresh.length > 0) arrived.raise();
      return fresh.length;
    },
    peek: (sink, after, limit) => statements.peek.all(sink, after, limit).map(toQueued),
    async remove(sink, delivered) {
      gone(sink, await state.commit(() => erase(delivered)));
    },
    async failed(_sink, tried) {
      await state.commit(() => tried.forEach(({ seq }) => statements.failed.run(seq)));
    },
    async bury(sink, dead, error) {
      gone(
        sink,
        await state.commit(() => {
          for (const { seq } of dead) statements.bury.run(now(), error, seq);
          return erase(dead);
        }),
      );
    },
    arrival: (signal) => arrivalAnywhere(db, arrived, recount, signal),
    waiting: (sink) => waiting.get(sink) ?? 0,
    get dropped() {
      return dropped;
    },
    sinks: () => spoolSummary(db),
  };
}

/** `bridge spool retry` puts back in another process, which raises no notice here. */
async function arrivalAnywhere(
  db: DatabaseSync,
  arrived: Notice,
  recount: () => void,
  signal: AbortSignal,
): Promise<void> {
  const version = () => db.prepare("PRAGMA data_version").get()!["data_version"];
  const before = version();
  while (!signal.aborted) {
    const clock = new AbortController();
    const timer = setTimeout(() => clock.abort(), LOOK_EVERY);
    await arrived.next(AbortSignal.any([signal, clock.signal]));
    clearTimeout(timer);
    if (!clock.signal.aborted) return;
    if (version() !== before) return recount();
  }
}

/** What waits and what is dead, by sink. */
export function spoolSummary(db: DatabaseSync): ReturnType<Spool["sinks"]> {
  return db.prepare(`
    SELECT sink, sum(waiting) AS waiting, sum(dead) AS dead FROM (
      SELECT sink, 1 AS waiting, 0 AS dead FROM spool
      UNION ALL SELECT sink, 0, 1 FROM dead
    ) GROUP BY sink ORDER BY sink`).all().map((row) => ({
    sink: row["sink"] as string,
    waiting: Number(row["waiting"]),
    dead: Number(row["dead"]),
  }));
}

function prepare(db: DatabaseSync): Record<
  "insert" | "peek" | "remove" | "failed" | "bury" | "oldest" | "remember" | "forget",
  StatementSync
> {
  return {
    insert: db.prepare(
      `INSERT INTO spool (sink, id, body, ioc, match_type, indicator_id, queued_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    peek: db.prepare(
      `SELECT ${SPOOL_COLUMNS} FROM spool WHERE sink = ? AND seq > ? ORDER BY seq LIMIT ?`,
    ),
    remove: db.prepare("DELETE FROM spool WHERE seq = ?"),
    failed: db.prepare("UPDATE spool SET attempts = attempts + 1 WHERE seq = ?"),
    bury: db.prepare(
      `INSERT INTO dead (${SPOOL_COLUMNS}, died_at, error)
       SELECT ${SPOOL_COLUMNS}, ?, ? FROM spool WHERE seq = ?`,
    ),
    oldest: db.prepare(
      "SELECT seq, sink, length(body) AS bytes FROM spool ORDER BY seq LIMIT 1000",
    ),
    remember: db.prepare("INSERT OR IGNORE INTO seen (id, at) VALUES (?, ?)"),
    forget: db.prepare("DELETE FROM seen WHERE at < ?"),
  };
}

function bytesOf({ bodies }: QueueItem): number {
  return bodies.reduce((sum, { body }) => sum + body.length, 0);
}

/** A UUID as its 16 bytes; any other text as it is. */
function idBytes(id: string): Uint8Array {
  const hex = id.replaceAll("-", "");
  return /^[0-9a-f]{32}$/i.test(hex) ? Buffer.from(hex, "hex") : Buffer.from(id);
}

function toQueued(row: Record<string, unknown>): Queued {
  return {
    seq: Number(row["seq"]),
    id: row["id"] as string,
    body: row["body"] as Uint8Array,
    ioc: row["ioc"] as string,
    matchType: row["match_type"] as Delivery["matchType"],
    indicatorId: row["indicator_id"] as string,
    queuedAt: Number(row["queued_at"]),
    attempts: Number(row["attempts"]),
  };
}
