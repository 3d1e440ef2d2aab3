import type { DatabaseSync } from "node:sqlite";
import type { Extents } from "../../engines/engine.ts";
import type { Indicator, IndicatorSet } from "../../intel/indicator.ts";
import { indicatorFromStix } from "../../intel/from_stix.ts";
import type { JsonObject } from "../../json.ts";
import type { State } from "../../state/state.ts";
import type { SearchedBefore } from "./retro_loop.ts";

/** A version that came, or the word that an indicator is gone. */
export type IndicatorNews =
  | { readonly type: "version"; readonly indicator: Indicator; readonly isLookedFor: boolean }
  | { readonly type: "remove"; readonly id: string };

/** An indicator that was taken in, looked for now or not. */
export interface HeldIndicator {
  readonly indicator: Indicator;
  /** The past was searched for it. */
  readonly hunted: boolean;
  /** An earlier process should have searched the past for it, and did not come to it. */
  readonly left: boolean;
  /** What of the logs was searched, if live matching does not see to the rest. */
  readonly before: SearchedBefore | undefined;
}

/** Indicators over restarts, with what is still to be hunted for in the past. */
export interface IndicatorStore {
  /** Puts all that was held into the set; returns how many are looked for. */
  restore(set: IndicatorSet): number;
  /** What is held; read in pages. */
  held(): Iterable<HeldIndicator>;
  /** The same of one. */
  heldAs(id: string): Pick<HeldIndicator, "hunted" | "before">;
  /**
   * Remembers news in their order. New versions count as not yet hunted for, unless they
   * look for the same as the one before.
   */
  take(news: readonly IndicatorNews[]): Promise<void>;
  /** Whether news of an indicator are on their way to the disk. */
  isUnderWay(id: string): boolean;
  /**
   * The past has been searched for these indicators: so much of each log, or all up to
   * where live matching goes on.
   */
  done(indicators: readonly Indicator[], searched?: Extents): Promise<void>;
  /** They were not looked for during some time: their past is to be searched again. */
  reopen(ids: readonly string[]): Promise<void>;
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
 * What `hunted` says of an indicator: to be hunted for by this process, left over by an
 * earlier one, or searched up to where live matching goes on. Larger numbers name a
 * generation: those for which the same extents of the logs were searched.
 */
const HUNT = { open: -1, left: 0, followed: 1, generations: 2 } as const;

/** Beyond, neighbouring generations become one: what only the younger searched is searched again. */
const MOST_GENERATIONS = 64;

const TABLES = `
  CREATE TABLE IF NOT EXISTS indicators (
    id TEXT PRIMARY KEY, stix TEXT NOT NULL, hunted INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS indicators_of_generation ON indicators (hunted) WHERE hunted > 1;
  CREATE TABLE IF NOT EXISTS generations (id INTEGER PRIMARY KEY, extents TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
  UPDATE indicators SET hunted = ${HUNT.left} WHERE hunted = ${HUNT.open};
`;

function prepare(db: DatabaseSync) {
  const pattern = (of: string) => `json_extract(${of}, '$.pattern')`;
  return {
    keep: db.prepare(
      `INSERT INTO indicators (id, stix, hunted) VALUES (?, ?, ${HUNT.open})
       ON CONFLICT (id) DO UPDATE SET stix = excluded.stix, hunted = CASE
         WHEN ? AND ${pattern("indicators.stix")} = ${pattern("excluded.stix")}
         THEN indicators.hunted ELSE ${HUNT.open} END`,
    ),
    forget: db.prepare("DELETE FROM indicators WHERE id = ?"),
    // Another pattern may have come while the past was searched for the one before.
    done: db.prepare(
      `UPDATE indicators SET hunted = ? WHERE id = ? AND ${pattern("stix")} = ?`,
    ),
    reopen: db.prepare(`UPDATE indicators SET hunted = ${HUNT.open} WHERE id = ?`),
    huntedOf: db.prepare("SELECT hunted FROM indicators WHERE id = ?"),
    page: db.prepare(
      "SELECT id, stix, hunted FROM indicators WHERE id > ? ORDER BY id LIMIT 1000",
    ),
    fact: db.prepare("SELECT value FROM facts WHERE name = ?"),
    setFact: db.prepare("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)"),
    dropFact: db.prepare("DELETE FROM facts WHERE name = ?"),
  };
}

/** Opens the indicators of a state. */
export function openIndicatorStore({ db, commit }: State): IndicatorStore {
  db.exec(TABLES);
  const statements = prepare(db);
  const generations = openGenerations(db);
  const factOf = (name: string) => statements.fact.get(name)?.["value"];
  const lastAlive = factOf("alive");
  const wasFollowing = factOf("positions") !== undefined;
  const underWay = new Map<string, number>();
  const pastOf = (hunted: number) => ({
    hunted: hunted > HUNT.left,
    left: hunted === HUNT.left,
    before: hunted >= HUNT.generations ? generations.get(hunted) : undefined,
  });
  function* held() {
    let rows = statements.page.all("");
    while (rows.length > 0) {
      for (const row of rows) {
        const reading = indicatorFromStix(JSON.parse(row["stix"] as string) as JsonObject);
        if (reading.type !== "indicator") continue;
        yield { indicator: reading.indicator, ...pastOf(Number(row["hunted"])) };
      }
      rows = statements.page.all(rows.at(-1)!["id"]!);
    }
  }
  return {
    restore(set) {
      let count = 0;
      for (const { indicator } of held()) if (set.put(indicator).type !== "ignored") count++;
      return count;
    },
    held,
    heldAs: (id) => pastOf(Number(statements.huntedOf.get(id)?.["hunted"] ?? HUNT.open)),
    async take(news) {
      const ids = news.map((one) => one.type === "remove" ? one.id : one.indicator.id);
      for (const id of ids) underWay.set(id, (underWay.get(id) ?? 0) + 1);
      await commit(() => {
        for (const one of news) {
          if (one.type === "remove") statements.forget.run(one.id.toLowerCase());
          else {
            const { id, stix } = one.indicator;
            statements.keep.run(id, JSON.stringify(stix), Number(one.isLookedFor));
          }
        }
      });
      for (const id of ids) {
        const left = underWay.get(id)! - 1;
        if (left > 0) underWay.set(id, left);
        else underWay.delete(id);
      }
    },
    isUnderWay: (id) => underWay.has(id),
    async done(indicators, searched) {
      await commit(() => {
        const hunted = searched === undefined ? HUNT.followed : generations.add(searched);
        for (const { id, pattern } of indicators) statements.done.run(hunted, id, pattern);
        generations.tidy();
      });
    },
    async reopen(ids) {
      await commit(() => ids.forEach((id) => statements.reopen.run(id)));
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
