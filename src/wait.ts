/** Waiting that a signal can end. */

/** Resolves after so many ms, or when the signal aborts. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}

/** The event loop's turns. */
export interface Turns {
  /** Resolves when whatever else was ready has had its turn. */
  next(): Promise<void>;
  end(): void;
}

/**
 * Takes turns by messages to oneself: `setImmediate` sleeps for a millisecond in Deno 2.4, as a
 * timer does. Keeps the process alive until it is ended.
 */
export function createTurns(): Turns {
  const { port1, port2 } = new MessageChannel();
  let resolve = () => {};
  port1.onmessage = () => resolve();
  return {
    next: () =>
      new Promise<void>((done) => {
        resolve = done;
        port2.postMessage(undefined);
      }),
    end() {
      port1.close();
      port2.close();
    },
  };
}

/** Resolves with the promise; rejects with the signal's reason when that aborts first. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      promise.catch(() => {});
      return reject(signal.reason);
    }
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** A signal that aborts after so many ms, or with another, unless cleared. */
export function deadline(ms: number, other?: AbortSignal) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error(`Not done within ${ms} ms`)), ms);
  return {
    signal: other === undefined ? controller.signal : AbortSignal.any([controller.signal, other]),
    clear: () => clearTimeout(timer),
  };
}

/** A signal that aborts so many ms after the given one: what is under way may end until then. */
export function lingering(signal: AbortSignal, ms: number): AbortSignal {
  const controller = new AbortController();
  const linger = () => {
    const timer = setTimeout(() => controller.abort(new Error(`Not done within ${ms} ms`)), ms);
    Deno.unrefTimer(timer);
  };
  if (signal.aborted) linger();
  else signal.addEventListener("abort", linger, { once: true });
  return controller.signal;
}

/** Whatever was thrown, as an Error. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : new Error(typeof thrown === "string" ? thrown : `${Deno.inspect(thrown)} was thrown`);
}

/** Something that waiters wait for, again and again. */
export interface Notice {
  /** Wakes all that wait now. */
  raise(): void;
  /** Resolves at the next `raise`, when the signal aborts, or after so many ms. */
  next(signal?: AbortSignal, within?: number): Promise<void>;
}

/** Makes a notice. */
export function createNotice(): Notice {
  const waiters = new Set<() => void>();
  return {
    raise() {
      for (const wake of [...waiters]) wake();
    },
    next(signal, within) {
      return new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const wake = () => {
          clearTimeout(timer);
          waiters.delete(wake);
          signal?.removeEventListener("abort", wake);
          resolve();
        };
        const timer = within === undefined ? undefined : setTimeout(wake, Math.max(0, within));
        waiters.add(wake);
        signal?.addEventListener("abort", wake);
      });
    },
  };
}

/** A signal that aborts with the given one, or after so many ms; 0 sets no limit. */
export function withTimeout(signal: AbortSignal, ms: number): AbortSignal {
  return ms === 0 ? signal : AbortSignal.any([signal, AbortSignal.timeout(ms)]);
}
