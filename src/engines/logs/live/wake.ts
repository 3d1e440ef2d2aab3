import { watchable, type WatchedFolder, watchFolders } from "../../../watch.ts";
import type { IsOwn } from "../sources/walk.ts";

/** Wakes a follower when something may have changed. */
export interface Wake {
  /** Resolves at the next change, after `most` ms at the latest, or when the signal aborts. */
  wait(most: number): Promise<void>;
  /** Ends a wait. */
  ring(): void;
  /** Files came, went or were renamed since the last call. */
  takeStructureChanged(): boolean;
  close(): void;
}

/** Between two looks at the files at least so many ms pass: a busy log changes all the time. */
const LEAST_GAP = 20;

/**
 * Watches folders, but for files that are our own, and folders where our databases lie. Where the
 * platform can't (network file systems, too few watches), only the time passes: the polling.
 */
export function createWake(
  folders: readonly WatchedFolder[],
  isOwn: IsOwn,
  signal: AbortSignal,
  databases: readonly string[] = [],
): Wake {
  let pending = false, structure = false;
  let ring: (() => void) | undefined;
  const watchers = watch(folders, databases);
  const notify = () => {
    pending = true;
    ring?.();
  };
  const listen = async (watcher: Deno.FsWatcher) => {
    for await (const event of watcher) {
      // Without paths something was missed.
      const isOurs = event.paths.length > 0 && event.paths.every((path) => isOwn(path));
      if (event.kind === "access" || isOurs) continue;
      if (event.kind !== "modify") structure = true;
      notify();
    }
  };
  const listening = Promise.all(watchers.map(listen)).catch(() => {});
  signal.addEventListener("abort", notify);

  return {
    async wait(most) {
      if (!signal.aborted) await sleep(Math.min(LEAST_GAP, most), () => {});
      if (!pending && !signal.aborted) {
        await sleep(most, (wakeUp) => ring = wakeUp);
        ring = undefined;
      }
      pending = false;
    },
    ring: notify,
    takeStructureChanged() {
      const changed = structure;
      structure = false;
      return changed;
    },
    close() {
      signal.removeEventListener("abort", notify);
      for (const watcher of watchers) watcher.close();
      void listening;
    },
  };
}

function watch(
  folders: readonly WatchedFolder[],
  databases: readonly string[],
): Deno.FsWatcher[] {
  try {
    return watchFolders(watchable(folders, databases));
  } catch {
    return [];
  }
}

function sleep(ms: number, expose: (wakeUp: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    expose(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
