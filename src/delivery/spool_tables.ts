import type { DatabaseSync } from "node:sqlite";

/** Makes the tables of the spool; `bridge spool` uses them too, from another process. */
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
    DROP INDEX IF EXISTS seen_by_time;
  `);
}

/** Columns that the waiting and the dead share. */
export const SPOOL_COLUMNS =
  "seq, sink, id, body, ioc, match_type, indicator_id, queued_at, attempts";

/** What waits and what is dead, by sink. */
export function spoolSummary(
  db: DatabaseSync,
): { readonly sink: string; readonly waiting: number; readonly dead: number }[] {
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
