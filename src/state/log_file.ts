/**
 * SQLite's write-ahead log, synced by us: SQLite itself would do that at each COMMIT, on the
 * thread that matches events. With `synchronous = NORMAL` it leaves that out, and a sync of the
 * log afterwards gives the same: the log is one file to which transactions are appended, and what
 * is recovered from it after a crash is always its beginning, up to some transaction.
 *
 * Whoever reads the database may therefore see what is not on disk yet. That is no harm as long
 * as what they make of it is either written to the same log, so that it can't survive without what
 * it was made from, or would be made again after a crash, with the same id: a delivery that went
 * out before its row was safe is found again, since the position in the log and the note that it
 * was seen come no earlier than the row.
 */
export interface LogFile {
  /** Bytes; it does not get smaller while transactions are appended. */
  readonly size: number;
  /** Resolves when all that was written before is on disk. */
  sync(): Promise<void>;
  /**
   * Writes all of it anew, as it stands. To be done after a `sync` that failed: the system may take
   * what it could not write for written (Linux does), and the next `sync` would succeed for nothing.
   * Nobody else may write to it meanwhile.
   */
  rewrite(): void;
  close(): void;
}

const CHUNK = 1024 * 1024;

/**
 * Opens the log of an open database. It is the same file until the database is closed: SQLite
 * removes it with the last connection only. (A handle of our own on the database or its `-shm` would
 * be dangerous: closing it gives up SQLite's locks. There are none on the log.)
 */
export function openLogFile(database: string): LogFile {
  const file = Deno.openSync(`${database}-wal`, { read: true, write: true });
  return {
    get size() {
      return file.seekSync(0, Deno.SeekMode.End);
    },
    sync: () => file.syncData(),
    rewrite() {
      const chunk = new Uint8Array(CHUNK);
      for (let at = 0;;) {
        file.seekSync(at, Deno.SeekMode.Start);
        const read = file.readSync(chunk);
        if (read === null) return;
        file.seekSync(at, Deno.SeekMode.Start);
        for (let written = 0; written < read;) {
          written += file.writeSync(chunk.subarray(written, read));
        }
        at += read;
      }
    },
    close: () => file.close(),
  };
}
