import type { Queue, Queued } from "./queue.ts";

/** Takes what a sink has confirmed out of the queue, while it goes on with the rest. */
export interface Receipts {
  /** These are confirmed; resolves when the sink may go on. Never rejects. */
  add(confirmed: readonly Queued[]): Promise<void>;
  /**
   * Resolves when all are out of the queue.
   *
   * @throws what the queue threw
   */
  done(): Promise<void>;
}

/** The part of the time that taking out may take, beside the last of a batch. */
const SHARE = 1 / 10;

/**
 * Makes the receipts of one sink. Each takes a transaction: those of a sink that is slower
 * than the disk are written at once and waited for, so that a crash repeats no more than was
 * under way; those of a faster one are gathered, so that it is not held up.
 */
export function createReceipts(
  queue: Queue,
  label: string,
  onDelivered: ((count: number) => void) | undefined,
): Receipts {
  let waiting: Queued[] = [];
  let running: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;
  /** When the next transaction may begin, and what begins it. */
  let due = 0, timer: ReturnType<typeof setTimeout> | undefined;
  const run = async () => {
    clearTimeout(timer);
    timer = undefined;
    const some = waiting;
    waiting = [];
    const started = performance.now();
    try {
      await queue.remove(label, some);
      onDelivered?.(some.length);
    } catch (error) {
      failure = { error };
    }
    const ended = performance.now();
    const rest = (ended - started) * (1 / SHARE - 1);
    due = ended + rest;
    running = undefined;
    // What came meanwhile.
    if (waiting.length > 0) timer = setTimeout(begin, rest);
  };
  const begin = () => running ??= run();
  return {
    async add(confirmed) {
      if (confirmed.length === 0) return;
      for (const one of confirmed) waiting.push(one);
      const early = due - performance.now();
      if (early <= 0) await begin();
      else timer ??= setTimeout(begin, early);
    },
    async done() {
      await running;
      if (waiting.length > 0) await begin();
      if (failure !== undefined) throw failure.error;
    },
  };
}
