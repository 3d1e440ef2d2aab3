import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { getLogger } from "../log.ts";
import { BridgeError, UsageError } from "../errors.ts";
import { createTurns, sleep } from "../wait.ts";
import { prepareDirectory } from "./directory.ts";

const logger = getLogger(["bridge", "state"]);

/** What survives a restart: one SQLite file, written in groups. */
export interface State {
  readonly path: string;
  /** For reading, and for making tables at the start. */
  readonly db: DatabaseSync;
  /**
   * Runs `work` in the next transaction and resolves when that is on disk. All that
   * is asked for in one turn shares a transaction, so durability costs one sync for
   * many. While the disk is full this waits; an error of `work` itself undoes it
   * alone and rejects.
   */
  commit<T>(work: () => T): Promise<T>;
  /** Whether commits are waiting for room on the disk. */
  readonly stuck: boolean;
  close(): Promise<void>;
}

/** How a state is opened. */
export interface StateOptions {
  /** Wait between tries while the disk is full, ms. */
  readonly retryDelay?: number;
}

interface Job {
  readonly work: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Opens the state of a directory for this process alone.
 *
 * @throws UsageError when another process has it, or it can't be used
 */
export function openState(directory: string, options: StateOptions = {}): State {
  prepareDirectory(directory);
  const lock = takeLock(directory);
  const path = join(directory, "bridge.db");
  let db: DatabaseSync;
  try {
    db = openDatabase(path);
  } catch (error) {
    lock.close();
    throw new UsageError(`Can't open the state: ${(error as Error).message}`, {
      place: { file: path },
      hint: "If the file is damaged, move it away; what was undelivered in it is lost.",
      cause: error,
    });
  }
  const group = createGroup(db, options.retryDelay ?? 1000);
  return {
    path,
    db,
    commit: group.commit,
    get stuck() {
      return group.stuck;
    },
    async close() {
      await group.close();
      db.close();
      lock.close();
    },
  };
}

/**
 * Opens the database of a state that another process may be using, for `bridge spool`.
 *
 * @throws UsageError when there is none
 */
export function openExisting(directory: string): DatabaseSync {
  const path = join(directory, "bridge.db");
  try {
    // Opening would make an empty one.
    Deno.statSync(path);
    const db = new DatabaseSync(path);
    db.exec("PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL");
    return db;
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound;
    throw new UsageError(
      isMissing ? "There is no spool here" : `Can't open the spool: ${(error as Error).message}`,
      {
        place: { file: directory },
        hint: "Name the state directory of bridge run with --state-dir.",
        cause: error,
      },
    );
  }
}

function openDatabase(path: string): DatabaseSync {
  if (Deno.build.os !== "windows") {
    Deno.openSync(path, { create: true, write: true, mode: 0o600 }).close();
  }
  const db = new DatabaseSync(path);
  // Of a new file: in pages of 4096 bytes, an indicator or a sighting takes a third of one.
  db.exec(`
    PRAGMA page_size = 8192;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA busy_timeout = 5000;
    PRAGMA wal_autocheckpoint = 2000;
    PRAGMA cache_size = -16384;
  `);
  return db;
}

/** SQLite's exclusive lock is the system's own: it ends with the process, however that ends. */
function takeLock(directory: string): DatabaseSync {
  const path = join(directory, "lock");
  if (Deno.build.os !== "windows") {
    Deno.openSync(path, { create: true, write: true, mode: 0o600 }).close();
  }
  const lock = new DatabaseSync(path);
  try {
    // One that is just ending may take a moment.
    lock.exec("PRAGMA busy_timeout = 1000");
    lock.exec("PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if (!/locked/.test((error as Error).message)) {
      throw new UsageError(`Can't lock the state directory: ${(error as Error).message}`, {
        place: { file: directory },
        cause: error,
      });
    }
    throw new UsageError("Another bridge uses this state directory", {
      place: { file: directory },
      hint: "Stop the other one, or name another directory with --state-dir.",
      cause: error,
    });
  }
}

function createGroup(db: DatabaseSync, retryDelay: number) {
  let jobs: Job[] = [];
  let running: Promise<void> | undefined;
  let stuck = false;
  const closing = new AbortController();
  const turns = createTurns();

  const flush = async () => {
    // A turn's worth of callers gets in before the transaction begins.
    await turns.next();
    while (jobs.length > 0) {
      const group = jobs;
      jobs = [];
      await commitGroup(group);
    }
    running = undefined;
  };
  const commitGroup = async (group: Job[]) => {
    while (true) {
      try {
        const outcomes = runGroup(db, group);
        if (stuck) logger.info("There is room on the disk again");
        stuck = false;
        for (const [job, outcome] of outcomes) {
          if ("error" in outcome) job.reject(outcome.error);
          else job.resolve(outcome.value);
        }
        return;
      } catch (error) {
        if (!isNoRoom(error) || closing.signal.aborted) {
          for (const job of group) job.reject(asStateError(error));
          return;
        }
        if (!stuck) logger.error("The state can't be written, trying on: {error}", { error });
        stuck = true;
        giveBackRoom(db);
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
