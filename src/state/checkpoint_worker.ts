/// <reference lib="deno.worker" />
/** The program of the Worker that checkpoints the state, one order after the other. */
import { DatabaseSync } from "node:sqlite";

/** What it is to do. */
export type CheckpointOrder =
  | { readonly type: "checkpoint"; readonly database: string }
  | { readonly type: "close" };

/** What came of it. */
export interface CheckpointReport {
  /** All that was in the log is in the database, on disk. */
  readonly isWhole: boolean;
  readonly error?: string;
}

const scope = self as unknown as DedicatedWorkerGlobalScope;
let db: DatabaseSync | undefined;

scope.onmessage = ({ data }: MessageEvent<CheckpointOrder>) => {
  if (data.type === "checkpoint") return report(checkpoint(data.database));
  db?.close();
  report({ isWhole: false });
};

/** PASSIVE holds up neither readers nor writers. */
function checkpoint(database: string): CheckpointReport {
  db ??= new DatabaseSync(database);
  try {
    const { busy, log, checkpointed } = db.prepare("PRAGMA wal_checkpoint(PASSIVE)").get()!;
    return { isWhole: busy === 0 && log === checkpointed };
  } catch (error) {
    return { isWhole: false, error: (error as Error).message };
  }
}

function report(report: CheckpointReport): void {
  scope.postMessage(report);
}
