import type { Indicator, IndicatorSet } from "../../intel/indicator.ts";
import { indicatorFromStix } from "../../intel/from_stix.ts";
import type { JsonObject } from "../../json.ts";
import type { State } from "../../state/state.ts";

/** A version that came, or the word that an indicator is gone. */
export type IndicatorNews =
  | { readonly type: "version"; readonly indicator: Indicator }
  | { readonly type: "remove"; readonly id: string };

/** Indicators over restarts, with what is still to be hunted for in the past. */
export interface IndicatorStore {
  /** Puts all that was held into the set; returns how many are looked for. */
  restore(set: IndicatorSet): number;
  /** What is held; `hunted` tells whether its retro matching was done. Read in pages. */
  held(): Iterable<{ readonly indicator: Indicator; readonly hunted: boolean }>;
  /** Remembers news in their order; new versions count as not yet hunted for. */
  take(news: readonly IndicatorNews[]): Promise<void>;
  /** Whether news of an indicator are on their way to the disk. */
  isUnderWay(id: string): boolean;
  /** The past has been searched for these very versions. */
  done(indicators: readonly Indicator[]): Promise<void>;
  /** When a bridge with this state last took part in the stream, ms since the epoch. */
  readonly lastAlive: number | undefined;
  /** Notes that it takes part now. */
  alive(now: number): Promise<void>;
}

/** Opens the indicators of a state. */
export function openIndicatorStore({ db, commit }: State): IndicatorStore {
  db.exec(`
    CREATE TABLE IF NOT EXISTS indicators (
      id TEXT PRIMARY KEY, stix TEXT NOT NULL, hunted INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
  `);
  const keep = db.prepare(
    `INSERT INTO indicators (id, stix, hunted) VALUES (?, ?, 0)
     ON CONFLICT (id) DO UPDATE SET stix = excluded.stix, hunted = 0`,
  );
  const forget = db.prepare("DELETE FROM indicators WHERE id = ?");
  // A newer version may have come while the past was searched for the one before.
  const done = db.prepare("UPDATE indicators SET hunted = 1 WHERE id = ? AND stix = ?");
  const alive = db.prepare("INSERT OR REPLACE INTO facts (name, value) VALUES ('alive', ?)");
  const lastAlive = db.prepare("SELECT value FROM facts WHERE name = 'alive'").get()?.["value"];
  const underWay = new Map<string, number>();
  const page = db.prepare(
    "SELECT id, stix, hunted FROM indicators WHERE id > ? ORDER BY id LIMIT 1000",
  );
  function* held() {
    let rows = page.all("");
    while (rows.length > 0) {
      for (const row of rows) {
        const reading = indicatorFromStix(JSON.parse(row["stix"] as string) as JsonObject);
        if (reading.type !== "indicator") continue;
        yield { indicator: reading.indicator, hunted: Number(row["hunted"]) === 1 };
      }
      rows = page.all(rows.at(-1)!["id"]!);
    }
  }
  return {
    restore(set) {
      let count = 0;
      for (const { indicator } of held()) if (set.put(indicator).type !== "ignored") count++;
      return count;
    },
    held,
    async take(news) {
      const ids = news.map((one) => one.type === "remove" ? one.id : one.indicator.id);
      for (const id of ids) underWay.set(id, (underWay.get(id) ?? 0) + 1);
      await commit(() => {
        for (const one of news) {
          if (one.type === "remove") forget.run(one.id.toLowerCase());
          else keep.run(one.indicator.id, JSON.stringify(one.indicator.stix));
        }
      });
      for (const id of ids) {
        const left = underWay.get(id)! - 1;
        if (left > 0) underWay.set(id, left);
        else underWay.delete(id);
      }
    },
    isUnderWay: (id) => underWay.has(id),
    async done(indicators) {
      await commit(() => {
        for (const { id, stix } of indicators) done.run(id, JSON.stringify(stix));
      });
    },
    lastAlive: lastAlive === undefined ? undefined : Number(lastAlive),
    async alive(now) {
      await commit(() => alive.run(now));
    },
  };
}
