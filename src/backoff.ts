/** Bounds of the waits between tries, ms. */
export interface BackoffOptions {
  readonly initial: number;
  readonly maximum: number;
}

/**
 * The wait before try number `attempt` (from 0), ms: doubles from `initial` up to
 * `maximum`. Between half and all of that, so that many who lost the same peer do
 * not come back at once.
 */
export function backoff(attempt: number, { initial, maximum }: BackoffOptions): number {
  const full = Math.min(maximum, initial * 2 ** Math.min(attempt, 30));
  return full * (0.5 + Math.random() / 2);
}
