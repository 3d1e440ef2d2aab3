/** The table of indicators in a state. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { validityOf } from "../../intel/filter.ts";
import { indicatorFromStix } from "../../intel/from_stix.ts";
import type { HeldVersion, Version } from "../../intel/version.ts";
import type { JsonObject } from "../../json.ts";
import type { Observable, ObservableKind } from "../../match/observable.ts";
import type { Handle } from "../../match/set.ts";

/** A version that takes a row's place, or that the row is to go. */
export interface Change {
  readonly version: Version | undefined;
  /** What was searched for the version on disk counts for this one. */
  readonly continues: boolean;
}

/** Form of the table; what stands there in another one is read anew. */
const FORM = 1;

/** Makes the table if it isn't there. */
export function prepareIndicators(db: DatabaseSync): void {
  db.exec("CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID");
  const form = db.prepare("SELECT value FROM facts WHERE name = 'indicators_form'");
  if (form.get()?.["value"] === FORM) return;
  db.exec("BEGIN IMMEDIATE");
  const isThere = db.prepare("PRAGMA table_info(indicators)").all().length > 0;
  if (isThere) db.exec("ALTER TABLE indicators RENAME TO indicators_before");
  // Handles ascend with time, so rows are appended: with random ids as keys, each would rewrite a
  // page. Points and times are apart from the object so that a restart need not read it.
  db.exec(`
    CREATE TABLE indicators (
      handle INTEGER PRIMARY KEY,
      id TEXT NOT NULL,
      modified REAL NOT NULL,
      valid_from REAL NOT NULL,
      valid_until REAL NOT NULL,
      revoked INTEGER NOT NULL,
      points TEXT NOT NULL,
      hunted INTEGER NOT NULL,
      stix TEXT NOT NULL
    )`);
  if (isThere) takeOver(db);
  db.prepare("INSERT OR REPLACE INTO facts (name, value) VALUES ('indicators_form', ?)").run(FORM);
  db.exec("COMMIT");
}

function takeOver(db: DatabaseSync): void {
  const writers = new Map<number, ReturnType<typeof createWriter>>();
  let handle = 0;
  for (const row of db.prepare("SELECT stix, hunted FROM indicators_before").iterate()) {
    const json = row["stix"] as string;
    const stix = JSON.parse(json) as JsonObject;
    const reading = indicatorFromStix(stix);
    if (reading.type !== "indicator") continue;
    const { id, points } = reading.indicator;
    const version = { id, points, json, continues: false, validity: validityOf(stix) };
    // All that was not hunted for is left over.
    const hunted = Math.max(0, Number(row["hunted"]));
    const write = writers.get(hunted) ?? createWriter(db, hunted);
    writers.set(hunted, write);
    write(new Map([[handle++, { version, continues: false }]]));
  }
  db.exec("DROP TABLE indicators_before");
}

const COLUMNS = [
  "handle",
  "id",
  "modified",
  "valid_from",
  "valid_until",
  "revoked",
  "points",
  "hunted",
  "stix",
];
/** Rows that are written with one statement. */
const GROUP = 16;

/** Texts come as such or in UTF-8. */
const PLACES = COLUMNS.map((column) => column === "stix" ? "CAST(? AS TEXT)" : "?").join();

/** A value of a row. */
type Value = number | string | Uint8Array;

/** Makes what writes changes; `open` is what `hunted` becomes unless a version continues. */
export function createWriter(db: DatabaseSync, open: number) {
  const insert = (rows: number): StatementSync =>
    db.prepare(
      `INSERT OR REPLACE INTO indicators (${COLUMNS.join()}) VALUES ` +
        Array(rows).fill(`(${PLACES})`).join(),
    );
  const [one, group] = [insert(1), insert(GROUP)];
  const replaced = COLUMNS.filter((column) => column !== "handle" && column !== "hunted");
  const renew = db.prepare(
    `INSERT INTO indicators (${COLUMNS.join()}) VALUES (${PLACES})
     ON CONFLICT (handle) DO UPDATE SET ` +
      replaced.map((column) => `${column} = excluded.${column}`).join(),
  );
  const forget = db.prepare("DELETE FROM indicators WHERE handle = ?");
  return (changes: ReadonlyMap<Handle, Change>) => {
    let values: Value[] = [];
    for (const [handle, { version, continues }] of changes) {
      if (version === undefined) {
        forget.run(handle);
        continue;
      }
      const row = rowOf(handle, version, open);
      if (continues) {
        renew.run(...row);
        continue;
      }
      values.push(...row);
      if (values.length < GROUP * COLUMNS.length) continue;
      group.run(...values);
      values = [];
    }
    for (let at = 0; at < values.length; at += COLUMNS.length) {
      one.run(...values.slice(at, at + COLUMNS.length));
    }
  };
}

function rowOf(handle: Handle, version: Version, hunted: number): Value[] {
  const { id, points, json } = version;
  const { modified, from, until, revoked } = version.validity;
  return [handle, id, modified, from, until, Number(revoked), pointsText(points), hunted, json];
}

/** The rows that are there, without their objects. */
export function* rowsOf(db: DatabaseSync): Iterable<HeldVersion> {
  const page = db.prepare(
    "SELECT handle, id, modified, valid_from, valid_until, revoked, points FROM indicators " +
      "WHERE handle > ? ORDER BY handle LIMIT 2000",
  );
  let rows = page.all(-1);
  while (rows.length > 0) {
    for (const row of rows) {
      yield {
        handle: row["handle"] as number,
        id: row["id"] as string,
        modified: row["modified"] as number,
        from: row["valid_from"] as number,
        until: row["valid_until"] as number,
        revoked: row["revoked"] === 1,
        points: pointsIn(row["points"] as string),
      };
    }
    rows = page.all(rows.at(-1)!["handle"]!);
  }
}

/** Points as one text: no value has a newline in it, no kind a space. */
function pointsText(points: readonly Observable[]): string {
  return points.map(({ kind, value }) => `${kind} ${value}`).join("\n");
}

function pointsIn(text: string): Observable[] {
  if (text === "") return [];
  return text.split("\n").map((point) => {
    const space = point.indexOf(" ");
    return { kind: point.slice(0, space) as ObservableKind, value: point.slice(space + 1) };
  });
}
