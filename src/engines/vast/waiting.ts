import { backoff } from "../../backoff.ts";
import { sleep } from "../../wait.ts";

/** Waits before the next try, longer each time; rejects when the signal aborts. */
export async function waitToRetry(attempt: number, signal: AbortSignal): Promise<void> {
  await pause(backoff(attempt, { initial: 250, maximum: 10_000 }), signal);
}

/** Resolves after so many ms, rejects when the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, signal);
  signal.throwIfAborted();
}
