/**
 * The indicators of a run over restarts: a row each, its number the handle in the set, and what of
 * the past was searched for them.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Extents } from "../../engines/engine.ts";
import type { Documents } from "../../intel/documents.ts";
import type { Indicator } from "../../intel/indicator.ts";
import type { OwnIndicatorSet } from "../../intel/own_indicator_set.ts";
import { textOf } from "../../intel/version.ts";
import type { Handle } from "../../match/set.ts";
import type { State } from "../../state/state.ts";
import { createWaiting } from "./indicator_changes.ts";
import { prepareIndicators, rowsOf } from "./indicator_table.ts";
import type { SearchedBefore } from "./retro_loop.ts";

/** What was searched for an indicator. */
export interface Past {
  /** The past was searched for it. */
  readonly hunted: boolean;
  /** An earlier process should have searched the past for it, and did not come to it. */
  readonly left: boolean;
  /** What of the logs was searched, if live matching does not see to the rest. */
  readonly before: SearchedBefore | undefined;
}

/** The same with the indicator that it is about. */
export interface HeldPast extends Past {
  readonly handle: Handle;
}

/** Indicators over restarts, with what is still to be hunted for in the past. */
export interface IndicatorStore {
  /** Keeps the objects of the one set whose store this is; what the set is given waits for `flush`. */
  readonly documents: Documents;
  /** Puts all that was held into the set, which is empty; returns how many are looked for. */
  restore(set: OwnIndicatorSet): number;
  /**
   * Makes safe what the set was given so far. New versions count as not yet hunted for, unless
   * they look for the same as the one before.
   */
  flush(): Promise<void>;
  /** What is on disk; read in pages. Without those to which live matching sees, if they aren't asked for. */
  held(followed: boolean): Iterable<readonly HeldPast[]>;
  /** The same of one. */
  heldAs(handle: Handle): Past;
  /**
   * The past has been searched for these indicators: so much of each log, or all up to
   * where live matching goes on.
   */
  done(indicators: readonly Indicator[], searched?: Extents): Promise<void>;
  /** They were not looked for during some time: their past is to be searched again. */
  reopen(handles: readonly Handle[]): Promise<void>;
  /** Nobody follows logs from now on: where they were followed to is what was searched. */
  followedNoMore(): Promise<void>;
  /** Logs were followed up to somewhere by an earlier process. */
  readonly wasFollowing: boolean;
  /** When a bridge with this state last took part in the stream, ms since the epoch. */
  readonly lastAlive: number | undefined;
  /** Notes that it takes part now. */
  alive(now: number): Promise<void>;
}

/**
 * What `hunted` says of an indicator: searched up to where live matching goes on, or, if larger, a
 * generation: those for which the same extents of the logs were searched. It is still to be
 * hunted for if smaller: by the process that has this number, negative; what another one left is
 * left over.
 */
const HUNT = { followed: 1, generations: 2 } as const;

/** Beyond, neighbouring generations become one: what only the younger searched is searched again. */
const MOST_GENERATIONS = 64;

/** Rows that are read at once. */
const PAGE = 2000;

const TABLES = `
  CREATE INDEX IF NOT EXISTS indicators_by_generation ON indicators (hunted) WHERE hunted > 1;
  CREATE TABLE IF NOT EXISTS generations (id INTEGER PRIMARY KEY, extents TEXT NOT NULL);
`;

function prepare(db: DatabaseSync) {
  return {
    stixOf: db.prepare("SELECT stix FROM indicators WHERE handle = ?"),
    // Another pattern may have come while the past was searched for the one before.
    done: db.prepare(
      "UPDATE indicators SET hunted = ? WHERE handle = ? AND json_extract(stix, '$.pattern') = ?",
    ),
    reopen: db.prepare("UPDATE indicators SET hunted = ? WHERE handle = ?"),
    huntedOf: db.prepare("SELECT hunted FROM indicators WHERE handle = ?"),
    last: db.prepare("SELECT max(handle) AS last FROM indicators"),
    page: db.prepare(
      "SELECT handle, hunted FROM indicators WHERE handle BETWEEN ? AND ? AND hunted <> ?",
    ),
    fact: db.prepare("SELECT value FROM facts WHERE name = ?"),
    setFact: db.prepare("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)"),
    dropFact: db.prepare("DELETE FROM facts WHERE name = ?"),
  };
}

/** Opens the indicators of a state. */
export function openIndicatorStore({ db, commit }: State): IndicatorStore {
  prepareIndicators(db);
  db.exec(TABLES);
  const statements = prepare(db);
  const generations = openGenerations(db);
  const factOf = (name: string) => statements.fact.get(name)?.["value"];
  const lastAlive = factOf("alive");
  const wasFollowing = factOf("positions") !== undefined;
  // A number that no other process has: what others left needs no rewriting at the start, for
  // which there may be no room on the disk.
  const open = -(Date.now() * 1000 + Math.floor(Math.random() * 1000));
  const waiting = createWaiting(db, commit, open);
  let owner: Pick<OwnIndicatorSet, "handleOf"> | undefined;
  const pastOf = (hunted: number): Past => ({
    hunted: hunted >= HUNT.followed,
    left: hunted < HUNT.followed && hunted !== open,
    before: hunted >= HUNT.generations ? generations.get(hunted) : undefined,
  });
  return {
    documents: {
      put: waiting.put,
      delete: (handle) => waiting.put(handle, undefined),
      // Revoked and filtered ones stay: without them a restart would bring earlier versions back.
      release() {},
      get(handle) {
        const change = waiting.get(handle);
        if (change !== undefined) return change.version && textOf(change.version.json);
        return statements.stixOf.get(handle)?.["stix"] as string | undefined;
      },
    },
    restore(set) {
      owner = set;
      return set.restore(rowsOf(db));
    },
    flush: waiting.flush,
    *held(followed) {
      const end = Number(statements.last.get()?.["last"] ?? -1);
      for (let from = 0; from <= end; from += PAGE) {
        const without = followed ? open : HUNT.followed;
        const rows = statements.page.all(from, from + PAGE - 1, without);
        yield rows.map((row) => ({
          handle: Number(row["handle"]),
          ...pastOf(Number(row["hunted"])),
        }));
      }
    },
    heldAs: (handle) => pastOf(Number(statements.huntedOf.get(handle)?.["hunted"] ?? open)),
    async done(indicators, searched) {
      await commit(() => {
        const hunted = searched === undefined ? HUNT.followed : generations.add(searched);
        for (const { id, pattern } of indicators) {
          const handle = owner?.handleOf(id);
          if (handle !== undefined) statements.done.run(hunted, handle, pattern);
        }
        generations.tidy();
      });
    },
    async reopen(handles) {
      await commit(() => handles.forEach((handle) => statements.reopen.run(open, handle)));
    },
    async followedNoMore() {
      await commit(() => {
        const positions = factOf("positions");
        if (positions === undefined) return;
        const generation = generations.add(JSON.parse(positions as string));
        db.prepare("UPDATE indicators SET hunted = ? WHERE hunted = ?")
          .run(generation, HUNT.followed);
        statements.dropFact.run("positions");
      });
    },
    wasFollowing,
    lastAlive: lastAlive === undefined ? undefined : Number(lastAlive),
    async alive(now) {
      await commit(() => statements.setFact.run("alive", now));
    },
  };
}

/** The extents of logs that were searched for indicators, each for many of them. */
function openGenerations(db: DatabaseSync) {
  const get = db.prepare("SELECT extents FROM generations WHERE id = ?");
  const same = db.prepare("SELECT id FROM generations WHERE extents = ?");
  const insert = db.prepare(
    `INSERT INTO generations (id, extents) SELECT max(${HUNT.generations}, ifnull(max(id) + 1, 0)), ?
     FROM generations RETURNING id`,
  );
  const drop = db.prepare(
    `DELETE FROM generations WHERE NOT EXISTS
       (SELECT 1 FROM indicators WHERE hunted = generations.id AND hunted > 1)`,
  );
  const ids = db.prepare("SELECT id FROM generations ORDER BY id");
  const move = db.prepare("UPDATE indicators SET hunted = ? WHERE hunted = ? AND hunted > 1");
  /** One object for each, so that those who share it are hunted for together. */
  const known = new Map<number, SearchedBefore>();
  return {
    get(id: number): SearchedBefore | undefined {
      const found = known.get(id);
      if (found !== undefined) return found;
      const extents = get.get(id)?.["extents"];
      if (extents === undefined) return undefined;
      const before = { searched: JSON.parse(extents as string) as Extents };
      known.set(id, before);
      return before;
    },
    /** The generation with these extents. */
    add(extents: Extents): number {
      const text = JSON.stringify(extents);
      return Number((same.get(text) ?? insert.get(text)!)["id"]);
    },
    tidy() {
      drop.run();
      const all = ids.all().map((row) => Number(row["id"]));
      for (const id of known.keys()) if (!all.includes(id)) known.delete(id);
      if (all.length <= MOST_GENERATIONS) return;
      // The older of two knows less, which is safe.
      for (let at = 0; at + 1 < all.length; at += 2) move.run(all[at]!, all[at + 1]!);
      drop.run();
    },
  };
}
