import { UsageError } from "../../../errors.ts";
import { isStandardInput } from "../../../standard_input.ts";
import { reasonOf } from "../../../system_error.ts";
import { DEFAULT_FOLDERS, existingDefaultFolders } from "./default_folders.ts";

/** Something that the user named (or a default folder) in which logs are. */
export type Root =
  | { readonly type: "file" | "folder" | "glob"; readonly name: string }
  | { readonly type: "stdin"; readonly name: "-" };

const HINT = "Name a log file, a folder with logs, a glob in quotes, or - for standard input.";

/** Telling what the names stand for; a name that stands for nothing is a `UsageError`. */
export async function readRoots(names: readonly string[]): Promise<Root[]> {
  if (names.length === 0) return await defaultRoots();
  return await Promise.all(names.map(readRoot));
}

async function readRoot(name: string): Promise<Root> {
  if (isStandardInput(name)) return { type: "stdin", name: "-" };
  if (name === "") {
    throw new UsageError("The path of the logs is empty", { hint: HINT });
  }
  const info = lookAt(name);
  if (info !== undefined) return { type: info.isDirectory ? "folder" : "file", name };
  if (!isGlob(name)) {
    throw new UsageError("There is no such file or folder", {
      place: { file: name },
      hint: HINT,
    });
  }
  for await (const _ of expandGlob(name)) return { type: "glob", name };
  throw new UsageError("No file matches", {
    place: { file: name },
    hint: "Check the pattern; ** stands for any number of folders.",
  });
}

function lookAt(name: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof Deno.errors.NotADirectory) return undefined;
    throw new UsageError(`Can't look at it: ${reasonOf(error)}`, {
      place: { file: name },
      hint: "Run bridge as a user that may read the logs.",
      cause: error,
    });
  }
}

async function defaultRoots(): Promise<Root[]> {
  const folders = await existingDefaultFolders();
  if (folders.length > 0) return folders.map((name) => ({ type: "folder", name }));
  throw new UsageError("None of the usual log folders of Suricata and Zeek is here", {
    hint: `Name your logs: --logs /path/to/eve.json (looked in ${DEFAULT_FOLDERS.join(", ")}).`,
  });
}

function isGlob(name: string): boolean {
  return /[*?[{]/.test(name);
}

/** Paths that a glob stands for. */
export async function* expandGlob(pattern: string): AsyncGenerator<string> {
  const { glob } = await import("node:fs/promises");
  yield* glob(pattern);
}

/**
 * Whether these can be followed as they grow. Who opens a pipe waits for its writer, and Deno 2.4
 * holds everything up meanwhile.
 *
 * @throws UsageError naming what can't
 */
export function checkFollowable(roots: readonly Root[]): void {
  const hint = "Name the file or folder into which the events are written.";
  for (const { type, name } of roots) {
    if (type === "stdin") throw new UsageError("Standard input can't be followed", { hint });
    if (type !== "file" || isFileOrGone(name)) continue;
    throw new UsageError("A pipe can't be followed", { place: { file: name }, hint });
  }
}

function isFileOrGone(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return true;
  }
}
