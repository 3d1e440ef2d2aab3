import type { Trouble } from "../../engine.ts";
import type { ScanTrouble } from "../scan/finder.ts";

type LiveTrouble = ScanTrouble & Pick<Trouble, "loss">;

/** Tells troubles while following: each at once when it is new, then gathered. */
export interface LiveTroubles {
  add(source: string, trouble: LiveTrouble): void;
  /** Tells what was gathered if enough time has passed, or in any case. */
  flush(anyway?: boolean): void;
}

/** Time between two tellings of the same trouble, ms. */
const TELL_EVERY = 60_000;

/** Makes the teller. */
export function createLiveTroubles(tell: (trouble: Trouble) => void): LiveTroubles {
  const known = new Map<string, Trouble>();
  let told = Date.now();
  return {
    add(source, trouble) {
      const key = `${source}\n${trouble.what}`;
      const before = known.get(key);
      if (before === undefined) tell({ source, ...trouble });
      const count = before === undefined ? 0 : before.count + trouble.count;
      known.set(key, { source, ...trouble, count });
    },
    flush(anyway = false) {
      if (!anyway && Date.now() - told < TELL_EVERY) return;
      told = Date.now();
      for (const [key, trouble] of known) {
        if (trouble.count === 0) continue;
        tell(trouble);
        known.set(key, { ...trouble, count: 0 });
      }
    },
  };
}
