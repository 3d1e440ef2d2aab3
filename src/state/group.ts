/** Group commit: all that comes while the disk is busy shares the next transaction and its sync. */
import type { DatabaseSync } from "node:sqlite";
import { BridgeError } from "../errors.ts";
import { getLogger } from "../log.ts";
import { createTurns, sleep } from "../wait.ts";
import type { Checkpoints } from "./checkpoints.ts";
import type { LogFile } from "./log_file.ts";

const logger = getLogger(["bridge", "state"]);

/** Takes jobs and writes them in groups. */
export interface Group {
  /** See `State.commit`. */
  commit<T>(work: () => T): Promise<T>;
  /** Whether commits are waiting for room on the disk. */
  readonly stuck: boolean;
  /** Writes what is there; what can't be written now is refused. */
  close(): Promise<void>;
}

/** What groups need beside the database. */
export interface GroupOptions {
  /** What makes transactions durable. */
  readonly log: Pick<LogFile, "sync" | "rewrite">;
  readonly checkpoints: Pick<Checkpoints, "look" | "held">;
  /** Wait between tries while the disk is full, ms. */
  readonly retryDelay: number;
}

interface Job {
  readonly work: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Makes groups for a database that nobody else in this thread writes to. */
export function createGroup(db: DatabaseSync, options: GroupOptions): Group {
  const { log, checkpoints, retryDelay } = options;
  let jobs: Job[] = [];
  let running: Promise<void> | undefined;
  let stuck = false;
  /** What was committed may be neither on disk nor on its way there. */
  let isTorn = false;
  const closing = new AbortController();
  const turns = createTurns();

  const flush = async () => {
    // A turn's worth of callers gets in before the transaction begins.
    await turns.next();
    while (jobs.length > 0) {
      await checkpoints.held;
      const group = jobs;
      jobs = [];
      await commitGroup(group);
    }
    running = undefined;
  };
  /** The next group waits until this one is safe: so nobody builds on what may be undone. */
  const commitGroup = async (group: readonly Job[]) => {
    try {
      const outcomes = await insist(() => runGroup(db, group), isNoRoom, giveBackRoom);
      await insist(makeDurable, () => true);
      for (const [job, outcome] of outcomes) {
        if ("error" in outcome) job.reject(outcome.error);
        else job.resolve(outcome.value);
      }
    } catch (error) {
      for (const job of group) job.reject(asStateError(error));
    }
  };
  const makeDurable = async () => {
    if (isTorn) rewriteLog();
    isTorn = true;
    await log.sync();
    isTorn = false;
    checkpoints.look();
  };
  const rewriteLog = () => {
    // Other processes write too (`bridge spool`).
    db.exec("BEGIN IMMEDIATE");
    try {
      log.rewrite();
    } finally {
      db.exec("ROLLBACK");
    }
  };
  /** Tries until it succeeds, as long as that is worth waiting for and nobody closes. */
  const insist = async <T>(
    attempt: () => T | Promise<T>,
    isWorthwhile: (error: unknown) => boolean,
    between?: (db: DatabaseSync) => void,
  ): Promise<T> => {
    while (true) {
      try {
        const value = await attempt();
        if (stuck) logger.info("The state can be written again");
        stuck = false;
        return value;
      } catch (error) {
        if (!isWorthwhile(error) || closing.signal.aborted) throw error;
        if (!stuck) logger.error("The state can't be written, trying on: {error}", { error });
        stuck = true;
        between?.(db);
        await sleep(retryDelay, closing.signal);
      }
    }
  };
  return {
    get stuck() {
      return stuck;
    },
    commit<T>(work: () => T): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        jobs.push({ work, resolve: resolve as (value: unknown) => void, reject });
        running ??= flush();
      });
    },
    async close() {
      closing.abort();
      while (running !== undefined) await running;
      turns.end();
    },
  };
}

type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** One transaction with a savepoint for each job; throws when the whole can't be written. */
function runGroup(db: DatabaseSync, group: readonly Job[]): (readonly [Job, Outcome])[] {
  db.exec("BEGIN IMMEDIATE");
  try {
    const outcomes = group.map((job) => [job, runJob(db, job)] as const);
    db.exec("COMMIT");
    return outcomes;
  } catch (error) {
    try {
      db.exec("ROLLBACK");
    } catch { /* SQLite has rolled back by itself */ }
    throw error;
  }
}

function runJob(db: DatabaseSync, job: Job): Outcome {
  db.exec("SAVEPOINT job");
  try {
    const value = job.work();
    db.exec("RELEASE job");
    return { value };
  } catch (error) {
    if (isNoRoom(error)) throw error;
    db.exec("ROLLBACK TO job; RELEASE job");
    return { error };
  }
}

/** The log of SQLite may hold many MiB that the database itself has no need of. */
function giveBackRoom(db: DatabaseSync): void {
  try {
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch { /* not even that can be written now */ }
}

/** No room, or a disk that does not answer: worth waiting for. */
function isNoRoom(error: unknown): boolean {
  return error instanceof Error &&
    /database or disk is full|disk I\/O error|database is locked/.test(error.message);
}

function asStateError(error: unknown): BridgeError {
  return new BridgeError(`The state can't be written: ${(error as Error).message}`, {
    cause: error,
  });
}
