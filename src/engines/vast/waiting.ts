/** Resolves after some ms, rejects when the signal aborts. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal.addEventListener("abort", abort, { once: true });
  });
}

/** Waits between tries, ms: 0.25 s, doubled up to 10 s. */
export function backoff(attempt: number): number {
  return Math.min(250 * 2 ** attempt, 10_000);
}
