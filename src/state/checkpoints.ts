/**
 * Checkpoints beside the main thread: what the log holds goes into the database proper, so that the
 * log can begin anew. SQLite would do that in some COMMIT, which then takes 25 ms and more.
 *
 * A log begins anew with the first transaction after everything in it was checkpointed. While
 * transactions keep coming there is always a rest. So a Worker checkpoints beside them until
 * little is left, and for that the next transaction waits.
 */
import { getLogger } from "../log.ts";
import { workerUrl } from "../worker_url.ts";
import type { CheckpointOrder, CheckpointReport } from "./checkpoint_worker.ts";
import type { LogFile } from "./log_file.ts";

const logger = getLogger(["bridge", "state"]);

const MiB = 1024 * 1024;

/** Sizes of the log, bytes. */
export interface LogBounds {
  /** Beyond, it is checkpointed. It is cut off here as it begins anew, so that its size tells. */
  readonly begin: number;
  /** With so little to do a checkpoint is worth waiting for. */
  readonly rest: number;
  /** With so much in the log, transactions wait whatever there is to do. */
  readonly most: number;
}

/** As `bridge run` has it; the safety net of SQLite's own checkpoints is beyond (`state.ts`). */
export const LOG_BOUNDS: LogBounds = { begin: 16 * MiB, rest: 2 * MiB, most: 48 * MiB };

/** Keeps the log of a database small. */
export interface Checkpoints {
  /** To be called after each sync of the log. */
  look(): void;
  /** What the next transaction waits for, if anything. Never rejects. */
  readonly held: Promise<void> | undefined;
  /** Resolves when no connection but the caller's is left. */
  close(): Promise<void>;
}

/** What checkpoints need. */
export interface CheckpointOptions {
  readonly database: string;
  readonly log: Pick<LogFile, "size">;
  readonly bounds?: LogBounds;
  /** Told if there will be no more of them. */
  readonly onFailed: () => void;
  readonly startWorker?: () => Worker;
}

/** Makes checkpoints; their Worker is started with the first. */
export function createCheckpoints(options: CheckpointOptions): Checkpoints {
  const { database, log, bounds = LOG_BOUNDS, onFailed } = options;
  let checkpointer: Checkpointer | undefined;
  let working: Promise<void> | undefined;
  let isHeld = false, isOver = false;
  /** Where the next begins: later, if something keeps the log from beginning anew. */
  let due = bounds.begin;

  const checkpoint = () => {
    checkpointer ??= startCheckpointer(database, options.startWorker ?? startWorker);
    return checkpointer.checkpoint();
  };
  const work = async () => {
    for (let left = Infinity; left > bounds.rest && !isHeld;) {
      const before = log.size;
      await checkpoint();
      left = log.size - before;
    }
    isHeld = true;
    // A reader elsewhere may stand in the way, or there may be no room.
    due = await checkpoint() ? bounds.begin : log.size + bounds.begin;
  };
  const fail = (error: unknown) => {
    isOver = true;
    logger.warn("Checkpoints of the state hold up the rest from now on: {error}", { error });
    onFailed();
  };
  return {
    look() {
      const { size } = log;
      if (working !== undefined) {
        if (size >= bounds.most) isHeld = true;
        return;
      }
      if (size <= bounds.begin) due = bounds.begin;
      if (isOver || size <= due) return;
      working = work().catch(fail).finally(() => {
        working = undefined;
        isHeld = false;
      });
    },
    get held() {
      return isHeld ? working : undefined;
    },
    async close() {
      isOver = true;
      await working;
      await checkpointer?.close();
    },
  };
}

/** A Worker with a connection of its own. */
interface Checkpointer {
  /**
   * Resolves with whether all that was in the log is checkpointed.
   *
   * @throws when the Worker is no more
   */
  checkpoint(): Promise<boolean>;
  close(): Promise<void>;
}

function startCheckpointer(database: string, start: () => Worker): Checkpointer {
  const worker = start();
  let failure: Error | undefined;
  let answer = Promise.withResolvers<CheckpointReport>();
  worker.onmessage = ({ data }: MessageEvent<CheckpointReport>) => answer.resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    failure = new Error(event.message);
    answer.reject(failure);
  };
  const ask = async (order: CheckpointOrder): Promise<CheckpointReport> => {
    if (failure !== undefined) throw failure;
    answer = Promise.withResolvers();
    worker.postMessage(order);
    return await answer.promise;
  };
  return {
    async checkpoint() {
      const { isWhole, error } = await ask({ type: "checkpoint", database });
      if (error !== undefined) logger.debug("A checkpoint failed: {error}", { error });
      return isWhole;
    },
    async close() {
      // Cut off it would leave its connection open, and the log behind.
      await ask({ type: "close" }).catch(() => {});
      worker.terminate();
    },
  };
}

function startWorker(): Worker {
  const url = workerUrl("checkpoint_worker", import.meta.url);
  return new Worker(url, { type: "module", name: "checkpoints" });
}
