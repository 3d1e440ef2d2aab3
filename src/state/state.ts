import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { UsageError } from "../errors.ts";
import { prepareDirectory } from "./directory.ts";
import { createCheckpoints, LOG_BOUNDS, type LogBounds } from "./checkpoints.ts";
import { createGroup } from "./group.ts";
import { type LogFile, openLogFile } from "./log_file.ts";

/** What survives a restart: one SQLite file, written in groups. */
export interface State {
  readonly path: string;
  /** For reading, and for making tables at the start. */
  readonly db: DatabaseSync;
  /**
   * Runs `work` in the next transaction and resolves when that is on disk. All that is asked for
   * in one turn, or while the disk is busy with the transaction before, shares one, so durability
   * costs one sync for many; no thread of ours waits for it. `db` shows what `work` did somewhat
   * before (see `LogFile`). While the disk is full this waits; an error of `work` itself undoes it
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
  /** Opens what makes transactions durable, for tests. */
  readonly openLog?: (database: string) => LogFile;
  /** How large the log may get. */
  readonly bounds?: LogBounds;
  /** Starts what checkpoints, for tests. */
  readonly startWorker?: () => Worker;
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
  const { bounds = LOG_BOUNDS, startWorker, retryDelay = 1000 } = options;
  let db: DatabaseSync | undefined, log: LogFile | undefined;
  try {
    db = openDatabase(path);
    log = (options.openLog ?? openLogFile)(path);
    boundLog(db, bounds.begin, bounds.begin + bounds.most);
  } catch (error) {
    log?.close();
    db?.close();
    lock.close();
    throw new UsageError(`Can't open the state: ${(error as Error).message}`, {
      place: { file: path },
      hint: "If the file is damaged, move it away; what was undelivered in it is lost.",
      cause: error,
    });
  }
  const checkpoints = createCheckpoints({
    database: path,
    log,
    bounds,
    onFailed: () => boundLog(db, bounds.begin, bounds.begin),
    ...(startWorker === undefined ? {} : { startWorker }),
  });
  const group = createGroup(db, { log, checkpoints, retryDelay });
  return {
    path,
    db,
    commit: group.commit,
    get stuck() {
      return group.stuck;
    },
    async close() {
      await group.close();
      await checkpoints.close();
      log.close();
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
  // The log is synced by us (`LogFile`), and there from the first transaction on.
  db.exec(`
    PRAGMA page_size = 8192;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA busy_timeout = 5000;
    PRAGMA cache_size = -16384;
    BEGIN IMMEDIATE;
    COMMIT;
  `);
  return db;
}

/** Cuts off a log that begins anew, and has SQLite checkpoint within COMMIT one that has grown too large. */
function boundLog(db: DatabaseSync, cut: number, most: number): void {
  const pageSize = Number(db.prepare("PRAGMA page_size").get()!["page_size"]);
  db.exec(`
    PRAGMA journal_size_limit = ${cut};
    PRAGMA wal_autocheckpoint = ${Math.ceil(most / pageSize)};
  `);
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
