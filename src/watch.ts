/** Watching folders, but for those where our databases lie. */
import { resolve } from "node:path";
import { realPath } from "./real_path.ts";

/** A folder to watch, alone or with all below it. */
export interface WatchedFolder {
  readonly path: string;
  readonly recursive: boolean;
}

/**
 * What of these folders can be watched while SQLite has files open in those with databases. Deno's
 * watcher opens and closes each file that changed, and whoever closes a file takes all locks from
 * it that the process has there, SQLite's too (sqlite.org/howtocorrupt.html, 2.2).
 */
export function watchable(
  folders: readonly WatchedFolder[],
  databases: readonly string[],
): WatchedFolder[] {
  const spared = new Set(databases.map(withoutLinks));
  const seen = new Set<string>();
  const found: WatchedFolder[] = [];
  const look = (path: string) => {
    const real = withoutLinks(path);
    if (seen.has(real)) return;
    seen.add(real);
    const recursive = ![...spared].some((folder) => isWithin(folder, real));
    if (!spared.has(real)) found.push({ path, recursive });
    if (!recursive) foldersIn(path).forEach(look);
  };
  for (const folder of folders) {
    if (folder.recursive) look(folder.path);
    else if (!spared.has(withoutLinks(folder.path))) found.push(folder);
  }
  return found;
}

/** Watches them; where the platform can't (network file systems, too few watches), it throws. */
export function watchFolders(folders: readonly WatchedFolder[]): Deno.FsWatcher[] {
  const watchers: Deno.FsWatcher[] = [];
  try {
    for (const recursive of [true, false]) {
      const paths = folders.filter((one) => one.recursive === recursive).map(({ path }) => path);
      if (paths.length > 0) watchers.push(Deno.watchFs(paths, { recursive }));
    }
    return watchers;
  } catch (error) {
    watchers.forEach((watcher) => watcher.close());
    throw error;
  }
}

const withoutLinks = (path: string): string => realPath(resolve(path));

const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);

/** The folders in a folder, links to folders too. */
function foldersIn(path: string): string[] {
  const base = path.replace(/\/+$/, "");
  try {
    return [...Deno.readDirSync(path)]
      .filter((entry) =>
        entry.isDirectory || (entry.isSymlink && isFolder(`${base}/${entry.name}`))
      )
      .map(({ name }) => `${base}/${name}`);
  } catch {
    return [];
  }
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
