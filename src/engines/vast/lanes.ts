/**
 * How many queries run at once: a few at the start, fewer as soon as the node
 * says that it has too much to do, more again while it answers.
 */
export interface Lanes {
  readonly width: number;
  /** Waits for a free lane; call the result to leave it. */
  enter(signal: AbortSignal): Promise<() => void>;
  /** The node answered. */
  widen(): void;
  /** The node is overloaded. */
  narrow(): void;
}

/** A node's exporters share one index: more than a few at once only wait for each other. */
const FIRST = 3;
const MOST = 8;

/** Answers in a row before one more is tried. */
const STREAK = 8;

/** Makes lanes; never more than `most`. */
export function createLanes(most: number): Lanes {
  const limit = Math.max(1, Math.min(most, MOST));
  let width = Math.min(FIRST, limit);
  let used = 0;
  let streak = 0;
  const waiting = new Set<() => void>();

  const wake = () => {
    for (const next of waiting) {
      if (used >= width) return;
      waiting.delete(next);
      used++;
      next();
    }
  };
  const leave = () => {
    used--;
    wake();
  };
  return {
    get width() {
      return width;
    },
    enter(signal) {
      signal.throwIfAborted();
      if (used < width) {
        used++;
        return Promise.resolve(once(leave));
      }
      return new Promise((resolve, reject) => {
        const abort = () => {
          waiting.delete(next);
          reject(signal.reason);
        };
        const next = () => {
          signal.removeEventListener("abort", abort);
          resolve(once(leave));
        };
        waiting.add(next);
        signal.addEventListener("abort", abort, { once: true });
      });
    },
    widen() {
      if (++streak < STREAK) return;
      streak = 0;
      width = Math.min(width + 1, limit);
      wake();
    },
    narrow() {
      streak = 0;
      width = Math.max(1, width >> 1);
    },
  };
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}
