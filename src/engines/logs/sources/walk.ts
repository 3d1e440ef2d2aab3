import { describeReadError } from "../read/read_error.ts";
import { identityOf } from "../read/identity.ts";
import { expandGlob, type Root } from "./roots.ts";

/** A regular file that may be a log. */
export interface FoundFile {
  readonly path: string;
  /** Which file it is whatever it is called: `device:inode`. */
  readonly identity: string;
  readonly size: number;
  /** When it was last written, ms since the epoch, if the platform tells. */
  readonly modified: number | undefined;
  /** A pipe: it can be opened but once, and has no size. */
  readonly pipe: boolean;
  /** The file was named, not met on the way. */
  readonly named: boolean;
  /** The root under which it was met. */
  readonly root: Root;
}

/** Whether this program itself writes a file; its `identity` is given where it is known. */
export type IsOwn = (path: string, identity?: string) => boolean;

/** Called for each thing that can't be read on the way. */
export type OnUnreadable = (path: string, what: string) => void;

/** Called for what is under a root and was met under an earlier one. */
export type OnMetBefore = (root: Root, earlier: Root) => void;

/** Every regular file under the roots, each once, links followed. */
export async function* walkRoots(
  roots: readonly Root[],
  onUnreadable: OnUnreadable,
  onMetBefore: OnMetBefore = () => {},
): AsyncGenerator<FoundFile> {
  const walk: Walk = { seen: new Map(), onUnreadable, onMetBefore };
  for (const root of roots) {
    if (root.type === "stdin") {
      const pipe = { path: "-", identity: "-", size: 0, modified: undefined, pipe: true };
      yield { ...pipe, named: true, root };
    } else if (root.type === "glob") {
      const paths: string[] = [];
      for await (const path of expandGlob(root.name)) paths.push(path);
      for (const path of paths.sort()) yield* visit(path, root, walk, false);
    } else {
      yield* visit(root.name, root, walk, root.type === "file");
    }
  }
}

interface Walk {
  /** Identities of files and folders that were met, and under which root: links make loops and doubles. */
  readonly seen: Map<string, Root>;
  readonly onUnreadable: OnUnreadable;
  readonly onMetBefore: OnMetBefore;
}

async function* visit(
  path: string,
  root: Root,
  walk: Walk,
  named: boolean,
): AsyncGenerator<FoundFile> {
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(path);
  } catch (error) {
    // A link that leads nowhere or a file rotated away under our eyes is no trouble unless named.
    if (named || !(error instanceof Deno.errors.NotFound)) {
      walk.onUnreadable(path, describeReadError(error));
    }
    return;
  }
  const identity = identityOf(info, path);
  const earlier = walk.seen.get(identity);
  if (earlier !== undefined) {
    if (earlier !== root) walk.onMetBefore(root, earlier);
    return;
  }
  walk.seen.set(identity, root);
  if (info.isDirectory) yield* visitFolder(path, root, walk);
  else if (info.isFile || named) {
    const modified = info.mtime?.getTime();
    yield { path, identity, size: info.size, modified, pipe: !info.isFile, named, root };
  }
}

async function* visitFolder(path: string, root: Root, walk: Walk): AsyncGenerator<FoundFile> {
  const names: string[] = [];
  try {
    for await (const entry of Deno.readDir(path)) names.push(entry.name);
  } catch (error) {
    walk.onUnreadable(path, describeReadError(error));
    return;
  }
  const base = path.replace(/\/+$/, "");
  for (const name of names.sort()) yield* visit(`${base}/${name}`, root, walk, false);
}
