/** What an indicator set was given and is not on disk yet. */
import type { Version } from "../../intel/version.ts";
import { enlarge } from "../../match/enlarge.ts";
import type { Handle } from "../../match/set.ts";
import type { Change } from "./indicator_table.ts";

/** Gathers changes, of each handle the last word, and writes them together. */
export interface Waiting {
  /** A version, or none as the indicator is removed. */
  put(handle: Handle, version: Version | undefined): void;
  /** The last change, if it is not on disk. */
  get(handle: Handle): Change | undefined;
  /** Whether what is not on disk looks for something else than what is: what is being written, too. */
  isOther(handle: Handle): boolean;
  /** Resolves when all that was put is on disk. */
  flush(): Promise<void>;
  /** Counts what was put. */
  readonly revision: number;
  /** Whether a handle is that of the same indicator, looked for by the same pattern, since a revision. */
  isSame(handle: Handle, revision: number): boolean;
}

/** `write` makes changes safe. */
export function createWaiting(
  write: (changes: ReadonlyMap<Handle, Change>) => Promise<void>,
): Waiting {
  let gathered = new Map<Handle, Change>();
  let underWay: ReadonlyMap<Handle, Change> = new Map();
  let writing: Promise<void> | undefined;
  let revision = 0;
  /** The revision at which the last other pattern came, by handle; those from before have 0. */
  let came = new Float64Array(64);

  async function writeGathered(): Promise<void> {
    [underWay, gathered] = [gathered, new Map()];
    try {
      await write(underWay);
    } finally {
      underWay = new Map();
      writing = undefined;
    }
  }

  return {
    put(handle, version) {
      revision++;
      const before = gathered.get(handle);
      if (version?.continues !== true) {
        if (handle >= came.length) came = enlarge(came, handle + 1);
        came[handle] = revision;
      }
      // What is on disk was hunted for; a version between that one and this was not.
      const continues = version?.continues === true && before?.continues !== false;
      gathered.set(handle, { version, continues });
    },
    get: (handle) => gathered.get(handle) ?? underWay.get(handle),
    isOther: (handle) =>
      gathered.get(handle)?.continues === false || underWay.get(handle)?.continues === false,
    async flush() {
      await writing;
      if (gathered.size > 0) writing ??= writeGathered();
      await writing;
    },
    get revision() {
      return revision;
    },
    isSame: (handle, since) => (came[handle] ?? 0) <= since,
  };
}
