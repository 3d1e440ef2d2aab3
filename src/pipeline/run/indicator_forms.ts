/** Makes the tables of indicators, and takes over what earlier versions of this program left. */
import type { DatabaseSync } from "node:sqlite";
import { validityOf } from "../../intel/filter.ts";
import { indicatorFromStix } from "../../intel/from_stix.ts";
import { uuidOf } from "../../intel/id_words.ts";
import { readDocument } from "../../intel/stix_indicator.ts";
import type { Version } from "../../intel/version.ts";
import type { JsonObject } from "../../json.ts";
import type { Observable, ObservableKind } from "../../match/observable.ts";
import type { Handle } from "../../match/set.ts";
import { createHunted, TABLES as HUNTED } from "./hunted.ts";
import { type Change, createWriter, TABLES } from "./indicator_table.ts";

/**
 * Form of the tables: what stands there in another one is read anew. The order of the kinds of
 * observables is part of it, and which values `prefilterOf` says that a compound pattern needs.
 */
const FORM = 2;

/** Rows of an earlier form that are taken over at once. */
const GROUP = 512;

/** Makes the tables if they aren't there. */
export function prepareIndicators(db: DatabaseSync): void {
  db.exec(`
    CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS generations (id INTEGER PRIMARY KEY, extents TEXT NOT NULL);
  `);
  const form = db.prepare("SELECT value FROM facts WHERE name = 'indicators_form'");
  if (form.get()?.["value"] === FORM) return;
  db.exec("BEGIN IMMEDIATE");
  try {
    const columns = db.prepare("PRAGMA table_info(indicators)").all().map(({ name }) => name);
    if (columns.length > 0) db.exec("ALTER TABLE indicators RENAME TO indicators_before");
    db.exec(TABLES + HUNTED);
    if (columns.length > 0) {
      takeOver(db, columns.includes("handle") ? rowsOfForm1(db) : rowsOfForm0(db));
      db.exec("DROP TABLE indicators_before");
    }
    db.prepare("INSERT OR REPLACE INTO facts (name, value) VALUES ('indicators_form', ?)")
      .run(FORM);
    db.exec("COMMIT");
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}

/** A version with what was searched for it (see `hunted.ts`); below 1 it is left over. */
type Row = readonly [handle: Handle, version: Version, hunted: number];

function takeOver(db: DatabaseSync, rows: Iterable<Row>): void {
  const write = createWriter(db);
  const hunted = createHunted(db).edit();
  let group = new Map<Handle, Change>();
  for (const [handle, version, searched] of rows) {
    if (searched > 0) hunted.set(handle, searched);
    group.set(handle, { version, continues: false });
    if (group.size < GROUP) continue;
    write(group);
    group = new Map();
  }
  write(group);
  hunted.write();
}

/** The first form: an id, an object and what was searched. */
function* rowsOfForm0(db: DatabaseSync): Iterable<Row> {
  let handle = 0;
  for (const row of db.prepare("SELECT stix, hunted FROM indicators_before").iterate()) {
    const json = row["stix"] as string;
    const stix = JSON.parse(json) as JsonObject;
    const reading = indicatorFromStix(stix);
    if (reading.type !== "indicator") continue;
    const { id, points, prefilter } = reading.indicator;
    const version = {
      uuid: uuidOf(id)!,
      points,
      prefilter,
      json,
      continues: false,
      validity: validityOf(stix),
    };
    yield [handle++, version, Number(row["hunted"])];
  }
}

/** A column for all that a restart needs; points were one text, a line each. */
function* rowsOfForm1(db: DatabaseSync): Iterable<Row> {
  for (const row of db.prepare("SELECT * FROM indicators_before ORDER BY handle").iterate()) {
    const json = row["stix"] as string;
    const points = pointsIn(row["points"] as string);
    const version = {
      uuid: uuidOf(row["id"] as string)!,
      points,
      prefilter: points.length > 0 ? undefined : readDocument(json).prefilter,
      json,
      continues: false,
      validity: {
        modified: row["modified"] as number,
        from: row["valid_from"] as number,
        until: row["valid_until"] as number,
        revoked: row["revoked"] === 1,
      },
    };
    yield [Number(row["handle"]), version, Number(row["hunted"])];
  }
}

function pointsIn(text: string): Observable[] {
  if (text === "") return [];
  return text.split("\n").map((point) => {
    const space = point.indexOf(" ");
    return { kind: point.slice(0, space) as ObservableKind, value: point.slice(space + 1) };
  });
}
