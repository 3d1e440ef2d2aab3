import type { Trouble } from "../engine.ts";
import type { ScanTrouble } from "./scan/finder.ts";

/** Gathers the troubles of one file, each kind once with its count. */
export interface TroubleCounter {
  add(trouble: ScanTrouble): void;
  /** What was gathered; the counter is empty then. */
  take(): Trouble[];
}

/** Makes the counter of a file. */
export function createTroubleCounter(source: string): TroubleCounter {
  let troubles = new Map<string, Trouble>();
  return {
    add(trouble) {
      const known = troubles.get(trouble.what);
      if (known === undefined) troubles.set(trouble.what, { source, ...trouble });
      else {
        const unread = known.unread || trouble.unread;
        troubles.set(trouble.what, { ...known, unread, count: known.count + trouble.count });
      }
    },
    take() {
      const taken = [...troubles.values()];
      troubles = new Map();
      return taken;
    },
  };
}
