/** The rows of a spool's table. */
import type { DatabaseSync } from "node:sqlite";
import type { Delivery } from "../../sinks/sink.ts";
import type { Queued, QueueItem } from "./queue.ts";
import type { Waiting } from "./spool_lanes.ts";
import { SPOOL_COLUMNS } from "./spool_tables.ts";

/** Rows that one statement inserts: each call costs as much as a row. */
const TOGETHER = 32;
const INSERTED = "sink, id, body, ioc, match_type, indicator_id, queued_at";

/** A delivery whose place is not known before it is inserted. */
export type Row = { -readonly [Name in keyof Queued]: Queued[Name] };

/** All that a spool holds: what waits by sink, and the bytes of dead letters. */
export interface Stock {
  readonly waiting: readonly Waiting[];
  readonly dead: number;
}

/** Counts all, row by row. */
export function stockOf(db: DatabaseSync): Stock {
  const lanes = db.prepare(
    "SELECT sink, count(*) AS n, total(length(body)) AS bytes FROM spool GROUP BY sink",
  ).all();
  const dead = db.prepare("SELECT total(length(body)) AS bytes FROM dead").get()!;
  return {
    waiting: lanes.map((row) => ({
      sink: row["sink"] as string,
      count: Number(row["n"]),
      bytes: Number(row["bytes"]),
    })),
    dead: Number(dead["bytes"]),
  };
}

/** How many rows stay within the bound, at least one. */
export function fitting(rows: readonly Record<string, unknown>[], most: number): number {
  let bytes = 0;
  const over = rows.findIndex((row) => (bytes += Number(row["bytes"])) > most);
  return over < 0 ? rows.length : Math.max(1, over);
}

/** Consecutive places as first and last: no other delivery can stand between those. */
export function* runsOf(rows: readonly Queued[]): Iterable<readonly [number, number]> {
  for (let from = 0; from < rows.length;) {
    let to = from;
    while (rows[to + 1]?.seq === rows[to]!.seq + 1) to++;
    yield [rows[from]!.seq, rows[to]!.seq];
    from = to + 1;
  }
}

/** What each sink is to have, in order; their places come with inserting. */
export function bySink(items: readonly QueueItem[], queuedAt: number): Map<string, Row[]> {
  const queued = new Map<string, Row[]>();
  for (const { id, ioc, matchType, indicatorId, bodies } of items) {
    for (const { sink, body } of bodies) {
      let rows = queued.get(sink);
      if (rows === undefined) queued.set(sink, rows = []);
      rows.push({ seq: 0, id, body, ioc, matchType, indicatorId, queuedAt, attempts: 0 });
    }
  }
  return queued;
}

/** Inserts what a sink is to have and notes the places it got. */
export function insertRows(
  statements: ReturnType<typeof prepareRows>,
  sink: string,
  rows: readonly Row[],
): void {
  for (let from = 0; from < rows.length;) {
    const isFull = from + TOGETHER <= rows.length;
    const some = isFull ? rows.slice(from, from + TOGETHER) : [rows[from]!];
    const statement = isFull ? statements.insertMany : statements.insert;
    const { lastInsertRowid } = statement.run(...some.flatMap((row) => valuesOf(sink, row)));
    // AUTOINCREMENT counts on, and nobody else writes meanwhile.
    let seq = Number(lastInsertRowid) - some.length;
    for (const row of some) row.seq = ++seq;
    from += some.length;
  }
}

/** The values of a row in the order of `INSERTED`. */
function valuesOf(sink: string, { id, body, ioc, matchType, indicatorId, queuedAt }: Queued) {
  return [sink, id, body, ioc, matchType, indicatorId, queuedAt];
}

/** The statements of a spool. */
export function prepareRows(db: DatabaseSync) {
  const insert = (rows: number) =>
    db.prepare(
      `INSERT INTO spool (${INSERTED})
       VALUES ${Array(rows).fill("(?, ?, ?, ?, ?, ?, ?)").join(", ")}`,
    );
  return {
    insert: insert(1),
    insertMany: insert(TOGETHER),
    peek: db.prepare(
      `SELECT ${SPOOL_COLUMNS} FROM spool WHERE sink = ? AND seq > ? ORDER BY seq LIMIT ?`,
    ),
    sizes: db.prepare(
      `SELECT seq, length(body) AS bytes FROM spool
       WHERE sink = ? AND seq > ? ORDER BY seq LIMIT ?`,
    ),
    remove: db.prepare("DELETE FROM spool WHERE seq = ?"),
    removeRun: db.prepare("DELETE FROM spool WHERE sink = ? AND seq BETWEEN ? AND ?"),
    failed: db.prepare("UPDATE spool SET attempts = attempts + 1 WHERE seq = ?"),
    bury: db.prepare(
      `INSERT INTO dead (${SPOOL_COLUMNS}, died_at, error)
       SELECT ${SPOOL_COLUMNS}, ?, ? FROM spool WHERE seq = ?`,
    ),
    oldestDead: db.prepare(
      "SELECT seq, length(body) AS bytes FROM dead ORDER BY seq LIMIT 1000",
    ),
    removeDead: db.prepare("DELETE FROM dead WHERE seq = ?"),
  };
}

/** Bytes of bodies. */
export function bodyBytes(all: readonly { readonly body: Uint8Array }[]): number {
  return all.reduce((sum, { body }) => sum + body.length, 0);
}

/** A row as a delivery. */
export function toQueued(row: Record<string, unknown>): Queued {
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
