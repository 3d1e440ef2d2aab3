/**
 * How many values go into one query. The best number depends on the node (5,000
 * take 2 s on a small one, 22 s on a larger one), so the times of the queries
 * steer it.
 */
export interface Pace {
  readonly size: number;
  /** A query of so many values took so long. */
  took(values: number, seconds: number): void;
}

/** Queries are to take about so long: short enough to stop, long enough to be worth a process. */
const SLOW = 12;
const QUICK = 4;
const LEAST = 100;

/** What a small node answers in 2 s. */
const FIRST = 5000;

/** Makes a pace that never goes beyond `most`. */
export function createPace(most: number): Pace {
  let size = Math.min(FIRST, most);
  return {
    get size() {
      return size;
    },
    took(values, seconds) {
      if (seconds > SLOW && values > LEAST) {
        const bearable = Math.floor(values * (SLOW / 2 / seconds));
        size = Math.min(size, Math.max(LEAST, bearable), most);
      } else if (seconds < QUICK && values * 1.25 >= size) {
        size = Math.min(size * 2, most);
      }
    },
  };
}
