/** Bounds of the waits between tries, ms. */
export interface BackoffOptions {
  readonly initial: number;
  readonly maximum: number;
}

const DEFAULT: BackoffOptions = { initial: 200, maximum: 60_000 };

/** The wait before try number `attempt` (from 0): doubling, with jitter between half and all of it. */
export function backoff(attempt: number, options: BackoffOptions = DEFAULT): number {
  const full = Math.min(options.maximum, options.initial * 2 ** Math.min(attempt, 30));
  return full * (0.5 + Math.random() / 2);
}
