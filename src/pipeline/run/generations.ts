/** The extents of logs that were searched for indicators, each for many of them. */
import type { DatabaseSync } from "node:sqlite";
import type { Extents } from "../../engines/engine.ts";
import { HUNT, type Hunted, type HuntedEdit } from "./hunted.ts";
import type { SearchedBefore } from "./retro_loop.ts";

/** See the top of the file. */
export interface Generations {
  get(id: number): SearchedBefore | undefined;
  /** The generation with these extents. */
  add(extents: Extents): number;
  /** Drops those that no indicator is of, and makes one of neighbours where they are many. */
  tidy(edit: HuntedEdit): void;
}

/** Beyond, neighbouring generations become one: what only the younger searched is searched again. */
const MOST = 64;

/** Opens those of a state. */
export function openGenerations(db: DatabaseSync, hunted: Pick<Hunted, "has">): Generations {
  const get = db.prepare("SELECT extents FROM generations WHERE id = ?");
  const same = db.prepare("SELECT id FROM generations WHERE extents = ?");
  const insert = db.prepare(
    `INSERT INTO generations (id, extents) SELECT max(${HUNT.generations}, ifnull(max(id) + 1, 0)), ?
     FROM generations RETURNING id`,
  );
  const drop = db.prepare("DELETE FROM generations WHERE id = ?");
  const ids = db.prepare("SELECT id FROM generations ORDER BY id");
  /** One object for each, so that those who share it are hunted for together. */
  const known = new Map<number, SearchedBefore>();

  /** Drops those that no indicator is of; gives the others, the oldest first. */
  function dropUnused(): number[] {
    return ids.all().map((row) => Number(row["id"])).filter((id) => {
      if (hunted.has(id)) return true;
      drop.run(id);
      known.delete(id);
      return false;
    });
  }

  return {
    get(id) {
      const found = known.get(id);
      if (found !== undefined) return found;
      const extents = get.get(id)?.["extents"];
      if (extents === undefined) return undefined;
      const before = { searched: JSON.parse(extents as string) as Extents };
      known.set(id, before);
      return before;
    },
    add(extents) {
      const text = JSON.stringify(extents);
      return Number((same.get(text) ?? insert.get(text)!)["id"]);
    },
    tidy(edit) {
      const all = dropUnused();
      if (all.length <= MOST) return;
      // The older of two knows less, which is safe.
      const pairs = all.flatMap((id, at) => at % 2 === 1 ? [[id, all[at - 1]!] as const] : []);
      edit.replace(new Map(pairs));
      dropUnused();
    },
  };
}
