/** The files that hold intelligence: which there are, and when they change. */
import { dirname } from "node:path";
import { getLogger } from "../../log.ts";
import { watchable, type WatchedFolder, watchFolders } from "../../watch.ts";

const logger = getLogger(["bridge", "bus"]);

const STIX_FILE = /\.(?:json|jsonl|ndjson|stix2?)$/i;
/** Changes come in bursts; this much silence ends one. */
const SETTLE_MS = 150;
/** Files are looked at this often even if the system tells of no change (network shares). */
const RESCAN_MS = 10_000;

/** The path with one slash at its end. */
export function folderOf(path: string): string {
  return path.replace(/\/*$/, "/");
}

/** A file itself, or all STIX files below a folder; `unseen` is told what can't be looked at. */
export async function* filesBelow(
  path: string,
  unseen: (path: string, error: unknown) => void,
): AsyncGenerator<string> {
  const folders: string[] = [];
  try {
    const info = await Deno.stat(path);
    if (info.isFile) yield path;
    if (!info.isDirectory) return;
    for await (const entry of Deno.readDir(path)) {
      const below = folderOf(path) + entry.name;
      if (entry.isDirectory) folders.push(below);
      else if (STIX_FILE.test(entry.name)) yield below;
    }
  } catch (error) {
    unseen(path, error);
  }
  for (const folder of folders) yield* filesBelow(folder, unseen);
}

/** Calls `scan` after each burst of changes at the paths, and now and then without one. */
export async function watchFiles(
  paths: readonly string[],
  scan: (signal: AbortSignal) => Promise<void>,
  databases: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const isFolder = (path: string) => statOrNothing(path)?.isDirectory ?? false;
  // A file is watched through its folder, since editors replace files.
  const folders = paths.map((path) => {
    const recursive = isFolder(path);
    return { path: recursive ? path : dirname(path), recursive };
  });
  const watchers = openWatchers(watchable(folders, databases));
  let running = Promise.resolve();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const arm = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(tick, ms);
  };
  const tick = () => {
    running = running.then(() => scan(signal)).catch((error) =>
      logger.error("Cannot scan: {error}", { error })
    );
    arm(RESCAN_MS);
  };
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  aborted.then(() => watchers.forEach((watcher) => watcher.close()));
  arm(RESCAN_MS);
  await Promise.all(watchers.map(async (watcher) => {
    for await (const _event of watcher) arm(SETTLE_MS);
  }));
  await aborted;
  clearTimeout(timer);
  await running;
}

function openWatchers(folders: readonly WatchedFolder[]): Deno.FsWatcher[] {
  try {
    return watchFolders(folders);
  } catch (error) {
    logger.warn("Cannot watch for changes, looking every {seconds} s: {error}", {
      seconds: RESCAN_MS / 1000,
      error: String(error),
    });
    return [];
  }
}

function statOrNothing(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    return undefined;
  }
}
