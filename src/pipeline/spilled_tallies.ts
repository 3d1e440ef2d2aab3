/** Tallies that are more than memory should hold, in a temporary file. */
import { DatabaseSync } from "node:sqlite";
import { aboutOf, type Sighted, sightedMatch, type Tally } from "./tally.ts";

/** Tallies on disk; those of the same indicator and window are one. */
export interface SpilledTallies {
  put(tallies: readonly Tally[]): void;
  /** All of them in the order in which they came first. */
  pages(size: number): Iterable<readonly Sighted[]>;
  close(): void;
}

const TABLE = `CREATE TABLE tallies (
  place INTEGER PRIMARY KEY, indicator_id TEXT NOT NULL, start INTEGER NOT NULL,
  length INTEGER NOT NULL, count INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  about TEXT NOT NULL, event BLOB NOT NULL, UNIQUE (indicator_id, start))`;

export function openSpilledTallies(): SpilledTallies {
  const file = Deno.makeTempFileSync({ prefix: "bridge-windows-" });
  const db = new DatabaseSync(file);
  // Nobody else reads it, and nothing of it is to be kept.
  db.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF");
  db.exec(TABLE);
  const add = db.prepare(
    `INSERT INTO tallies (indicator_id, start, length, count, first, last, about, event)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (indicator_id, start) DO UPDATE SET count = count + excluded.count,
       first = min(first, excluded.first), last = max(last, excluded.last)`,
  );
  const page = db.prepare("SELECT * FROM tallies WHERE place > ? ORDER BY place LIMIT ?");
  return {
    put(tallies) {
      db.exec("BEGIN");
      for (const { indicatorId, start, length, count, first, last, match } of tallies) {
        const event = match.context ?? match.event.bytes;
        add.run(indicatorId, start, length, count, first, last, aboutOf(match), event);
      }
      db.exec("COMMIT");
    },
    *pages(size) {
      for (let place = 0;;) {
        const rows = page.all(place, size);
        if (rows.length === 0) return;
        place = Number(rows.at(-1)!["place"]);
        yield rows.map(toSighted);
      }
    },
    close() {
      db.close();
      Deno.removeSync(file);
    },
  };
}

/** A row of a table of tallies. */
export function toSighted(row: Record<string, unknown>): Sighted {
  const indicatorId = row["indicator_id"] as string;
  return {
    indicatorId,
    start: Number(row["start"]),
    length: Number(row["length"]),
    count: Number(row["count"]),
    first: Number(row["first"]),
    last: Number(row["last"]),
    match: sightedMatch(row["about"] as string, indicatorId, row["event"] as Uint8Array),
  };
}
