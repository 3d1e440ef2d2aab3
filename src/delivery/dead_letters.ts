import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { SPOOL_COLUMNS } from "./spool_tables.ts";

/** A delivery that was given up, as `bridge spool` shows it. */
export interface DeadLetter {
  /** Its number, by which `retry` and `drop` name it. */
  readonly seq: number;
  readonly sink: string;
  readonly id: string;
  readonly ioc: string;
  readonly matchType: string;
  readonly indicatorId: string;
  readonly body: Uint8Array;
  readonly attempts: number;
  /** ms since the epoch. */
  readonly queuedAt: number;
  readonly diedAt: number;
  readonly error: string;
}

/** Which dead letters: by number or id, of one sink, or both left out for all. */
export interface Choice {
  readonly names?: readonly string[];
  readonly sink?: string;
}

/** The oldest first. */
export function* listDead(db: DatabaseSync, choice: Choice): Iterable<DeadLetter> {
  const { where, values } = condition(choice);
  const rows = db.prepare(
    `SELECT ${SPOOL_COLUMNS}, died_at, error FROM dead WHERE ${where} ORDER BY seq`,
  ).iterate(...values);
  for (const row of rows as Iterable<Record<string, unknown>>) {
    yield {
      seq: Number(row["seq"]),
      sink: row["sink"] as string,
      id: row["id"] as string,
      ioc: row["ioc"] as string,
      matchType: row["match_type"] as string,
      indicatorId: row["indicator_id"] as string,
      body: row["body"] as Uint8Array,
      attempts: Number(row["attempts"]),
      queuedAt: Number(row["queued_at"]),
      diedAt: Number(row["died_at"]),
      error: row["error"] as string,
    };
  }
}

/** Puts dead letters back to where they wait, as if they were new; returns how many. */
export function retryDead(db: DatabaseSync, choice: Choice, now: number): number {
  const { where, values } = condition(choice);
  db.exec("BEGIN IMMEDIATE");
  try {
    db.prepare(
      `INSERT INTO spool (sink, id, body, ioc, match_type, indicator_id, queued_at)
       SELECT sink, id, body, ioc, match_type, indicator_id, ? FROM dead WHERE ${where}
       ORDER BY seq`,
    ).run(now, ...values);
    const { changes } = db.prepare(`DELETE FROM dead WHERE ${where}`).run(...values);
    db.exec("COMMIT");
    return Number(changes);
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}

/** Forgets dead letters for good; returns how many. */
export function dropDead(db: DatabaseSync, choice: Choice): number {
  const { where, values } = condition(choice);
  return Number(db.prepare(`DELETE FROM dead WHERE ${where}`).run(...values).changes);
}

/** Gives up what waits for a sink, such as one that is no longer named; returns how many. */
export function dropWaiting(db: DatabaseSync, sink: string): number {
  return Number(db.prepare("DELETE FROM spool WHERE sink = ?").run(sink).changes);
}

function condition({ names, sink }: Choice): { where: string; values: SQLInputValue[] } {
  const parts = ["1"];
  const values: SQLInputValue[] = [];
  if (names !== undefined) {
    // As JSON, since there may be more of them than a statement takes parameters.
    const listed = "IN (SELECT value FROM json_each(?))";
    parts.push(`(CAST(seq AS TEXT) ${listed} OR id ${listed})`);
    values.push(JSON.stringify(names), JSON.stringify(names));
  }
  if (sink !== undefined) {
    parts.push("sink = ?");
    values.push(sink);
  }
  return { where: parts.join(" AND "), values };
}
