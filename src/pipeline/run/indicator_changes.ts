/** What an indicator set was given and is not on disk yet. */
import type { DatabaseSync } from "node:sqlite";
import type { Version } from "../../intel/version.ts";
import type { Handle } from "../../match/set.ts";
import type { State } from "../../state/state.ts";
import { type Change, createWriter } from "./indicator_table.ts";

/** Gathers changes, of each handle the last word, and writes them together. */
export interface Waiting {
  /** A version, or none as the indicator is removed. */
  put(handle: Handle, version: Version | undefined): void;
  /** The last change, if it is not on disk. */
  get(handle: Handle): Change | undefined;
  /** Resolves when all that was put is on disk. */
  flush(): Promise<void>;
}

/** `open` is what `hunted` is of those to be hunted for. */
export function createWaiting(db: DatabaseSync, commit: State["commit"], open: number): Waiting {
  const write = createWriter(db, open);
  let gathered = new Map<Handle, Change>();
  let underWay: ReadonlyMap<Handle, Change> = new Map();
  let writing: Promise<void> | undefined;

  async function writeGathered(): Promise<void> {
    [underWay, gathered] = [gathered, new Map()];
    try {
      await commit(() => write(underWay));
    } finally {
      underWay = new Map();
      writing = undefined;
    }
  }

  return {
    put(handle, version) {
      const before = gathered.get(handle);
      // What is on disk was hunted for; a version between that one and this was not.
      const continues = version?.continues === true && before?.continues !== false;
      gathered.set(handle, { version, continues });
    },
    get: (handle) => gathered.get(handle) ?? underWay.get(handle),
    async flush() {
      await writing;
      if (gathered.size > 0) writing ??= writeGathered();
      await writing;
    },
  };
}
