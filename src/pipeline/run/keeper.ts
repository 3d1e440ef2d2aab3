/** Makes safe what comes in, beside the reading of what comes next. */
import { createNotice } from "../../wait.ts";

/** What a keeper does with what came. */
export interface KeeperOptions<T> {
  /** Makes all safe that came so far. */
  readonly flush: () => Promise<void>;
  /** Takes what is safe, in order; holding it back holds back what comes. */
  readonly handOn: (some: readonly T[]) => Promise<void>;
  /** Told as soon as either fails. */
  readonly onFailed: () => void;
}

/** Keeps what comes. */
export interface Keeper<T> {
  /**
   * So many came, and these of them are to be handed on. Resolves when more may come.
   *
   * @throws what failed
   */
  add(count: number, some: readonly T[]): Promise<void>;
  /**
   * Resolves when all is safe and handed on.
   *
   * @throws what failed
   */
  done(): Promise<void>;
}

/** So many are worth a transaction: of fewer each costs more. */
const ENOUGH = 1000;
/** Fewer wait for others, but no longer than this after the ones before were safe, ms. */
const PATIENCE = 10;
/** Most that are neither safe nor on their way there. */
const MOST = 2000;

/** Makes a keeper. */
export function createKeeper<T>({ flush, handOn, onFailed }: KeeperOptions<T>): Keeper<T> {
  let count = 0;
  let waiting: T[] = [];
  let working: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;
  /** Nothing more comes, or it failed: nobody waits for others. */
  const last = new AbortController();
  const enough = createNotice(), room = createNotice();

  const work = async () => {
    while (count > 0) {
      const some = waiting;
      [count, waiting] = [0, []];
      room.raise();
      await flush();
      if (some.length > 0) await handOn(some);
      if (count < ENOUGH) await enough.next(last.signal, PATIENCE);
    }
    working = undefined;
  };
  const fail = (error: unknown) => {
    failure = { error };
    last.abort();
    onFailed();
  };
  return {
    async add(added, some) {
      count += added;
      for (const one of some) waiting.push(one);
      if (count === 0) return;
      working ??= work().catch(fail);
      if (count >= ENOUGH) enough.raise();
      if (count >= MOST) await room.next(last.signal);
      if (failure !== undefined) throw failure.error;
    },
    async done() {
      last.abort();
      await working;
      if (failure === undefined) return;
      // Nobody may take more (a signal aborted), but what came is to be safe.
      if (count > 0) await flush().catch(() => {});
      throw failure.error;
    },
  };
}
