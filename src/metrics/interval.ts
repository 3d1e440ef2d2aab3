/** Values gathered over one interval and then forgotten, as the ancestor's metrics file has them. */

/** Fields of one line by name; averages are marked because Influx tells integers from floats. */
export type IntervalFields = ReadonlyMap<string, string>;

/** Gathers sums, last values and distributions. */
export interface Interval {
  add(name: string, count: number): void;
  set(name: string, value: number): void;
  observe(name: string, value: number): void;
  /** The fields so far, after which all begins anew; gauges that are 0 and sums without events are left out. */
  take(): IntervalFields;
}

interface Distribution {
  min: number;
  max: number;
  sum: number;
  count: number;
}

/** Makes an empty interval. */
export function createInterval(): Interval {
  const sums = new Map<string, number>();
  const distributions = new Map<string, Distribution>();
  return {
    add: (name, count) => void sums.set(name, (sums.get(name) ?? 0) + count),
    set: (name, value) => void sums.set(name, value),
    observe(name, value) {
      const seen = distributions.get(name);
      if (seen === undefined) {
        distributions.set(name, { min: value, max: value, sum: value, count: 1 });
      } else {
        seen.min = Math.min(seen.min, value);
        seen.max = Math.max(seen.max, value);
        seen.sum += value;
        seen.count++;
      }
    },
    take() {
      const fields = new Map<string, string>();
      for (const [name, value] of sums) if (value !== 0) fields.set(name, String(value));
      for (const [name, { min, max, sum, count }] of distributions) {
        fields.set(`${name}_min`, String(min));
        fields.set(`${name}_max`, String(max));
        const average = sum / count;
        fields.set(`${name}_avg`, Number.isInteger(average) ? average.toFixed(1) : String(average));
      }
      sums.clear();
      distributions.clear();
      return fields;
    },
  };
}
