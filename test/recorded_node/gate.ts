/** Lets so many in at a time, in order of arrival. */
export interface Gate {
  /** Runs `work` inside; false if it had to wait longer than `patience` ms. */
  hold(work: () => Promise<void>, patience?: number): Promise<boolean>;
}

/** Makes a gate with so many places. */
export function createGate(places: number): Gate {
  let free = places;
  const queue: (() => void)[] = [];
  return {
    async hold(work, patience) {
      if (free > 0) free--;
      else if (!await queued(queue, patience)) return false;
      try {
        await work();
      } finally {
        const next = queue.shift();
        if (next) next();
        else free++;
      }
      return true;
    },
  };
}

function queued(queue: (() => void)[], patience: number | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = patience === undefined ? undefined : setTimeout(() => {
      queue.splice(queue.indexOf(enter), 1);
      resolve(false);
    }, patience);
    const enter = () => {
      clearTimeout(timer);
      resolve(true);
    };
    queue.push(enter);
  });
}
