import type { Root } from "../sources/roots.ts";
import { rotationOf } from "../sources/rotation.ts";
import { type FoundFile, type OnUnreadable, walkRoots } from "../sources/walk.ts";

/** A file met by a look around. */
export interface SeenFile extends FoundFile {
  /** Not asked for, but a rotated part of a log that is: only good for closing gaps. */
  readonly sibling: boolean;
}

/** All files under the roots, and the rotated siblings of those that were named singly. */
export async function lookAround(
  roots: readonly Root[],
  onUnreadable: OnUnreadable,
): Promise<SeenFile[]> {
  const seen: SeenFile[] = [];
  const identities = new Set<string>();
  for await (const file of walkRoots(roots, onUnreadable)) {
    identities.add(file.identity);
    seen.push({ ...file, sibling: false });
  }
  const named = seen.filter((file) => file.root.type !== "folder").map((file) => file.path);
  const asked = new Set(roots.filter((root) => root.type === "file").map((root) => root.name));
  for (const path of await siblingsOf(new Set([...named, ...asked]))) {
    for await (const file of walkRoots([{ type: "file", name: path }], () => {})) {
      // In the middle of a rotation the log itself may have come only now.
      if (!identities.has(file.identity)) seen.push({ ...file, sibling: !asked.has(path) });
      identities.add(file.identity);
    }
  }
  return seen;
}

/** The same, with what was renamed while the first look passed it by. */
export async function lookAroundTwice(
  roots: readonly Root[],
  onUnreadable: OnUnreadable,
): Promise<SeenFile[]> {
  const first = await lookAround(roots, () => {});
  const second = await lookAround(roots, onUnreadable);
  const again = new Set(second.map(({ identity }) => identity));
  return [...first.filter(({ identity }) => !again.has(identity)), ...second];
}

/** Paths of the other parts of logs: `eve.json.1` and `eve.json.2.gz` for `eve.json`. */
export async function siblingsOf(paths: Iterable<string>): Promise<string[]> {
  const logs = new Map<string, Set<string>>();
  for (const path of paths) {
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    logs.set(folder, (logs.get(folder) ?? new Set()).add(rotationOf(path).log));
  }
  const siblings: string[] = [];
  for (const [folder, wanted] of logs) {
    try {
      for await (const { name, isDirectory } of Deno.readDir(folder || ".")) {
        if (!isDirectory && wanted.has(rotationOf(folder + name).log)) siblings.push(folder + name);
      }
    } catch {
      // A folder that can't be listed has no siblings to offer.
    }
  }
  return siblings.sort();
}
