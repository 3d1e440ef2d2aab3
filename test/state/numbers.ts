/** A state with a table of numbers, and blobs to make the log grow. */
import type { DatabaseSync } from "node:sqlite";
import { openState, type State, type StateOptions } from "../../src/state/state.ts";

/** Opens a state in a folder of its own. */
export async function withState(
  options: StateOptions,
  test: (state: State, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "bridge-state-" });
  const state = openNumbers(folder, options);
  try {
    await test(state, folder);
  } finally {
    await state.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Opens a state in a folder. */
export function openNumbers(folder: string, options: StateOptions = {}): State {
  const state = openState(folder, options);
  state.db.exec("CREATE TABLE IF NOT EXISTS t (a INTEGER, b BLOB)");
  return state;
}

/** Commits a number, with so many bytes. */
export function insert({ db, commit }: State, number: number, bytes = 0): Promise<unknown> {
  return commit(() => db.prepare("INSERT INTO t VALUES (?, zeroblob(?))").run(number, bytes));
}

/** All that are there, in order. */
export function numbers(db: DatabaseSync): number[] {
  return db.prepare("SELECT a FROM t ORDER BY a").all().map((row) => Number(row["a"]));
}
