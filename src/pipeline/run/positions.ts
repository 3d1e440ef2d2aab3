import type { Position, PositionStore } from "../../engines/logs/live/positions.ts";
import type { State } from "../../state/state.ts";

/** Positions of followed logs in the state, so that a restart closes the gap. */
export function positionStore({ db, commit }: State): PositionStore {
  db.exec("CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID");
  const load = db.prepare("SELECT value FROM facts WHERE name = 'positions'");
  const save = db.prepare("INSERT OR REPLACE INTO facts (name, value) VALUES ('positions', ?)");
  return {
    load() {
      const value = load.get()?.["value"];
      return Promise.resolve(
        value === undefined ? undefined : JSON.parse(value as string) as Position[],
      );
    },
    async save(positions) {
      await commit(() => save.run(JSON.stringify(positions)));
    },
  };
}
