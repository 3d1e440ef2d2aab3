import { basename, join } from "node:path";
import { UsageError } from "../errors.ts";
import { realFolder, realPath } from "../real_path.ts";
import { reasonOf } from "../system_error.ts";

/**
 * The folder for what is remembered over restarts: the one that was named, else
 * systemd's `$STATE_DIRECTORY`, else `$XDG_STATE_HOME/bridge` (XDG Base Directory
 * Specification), else `~/.local/state/bridge`.
 *
 * @throws UsageError when none can be made out
 */
export function stateDirectory(
  named: string | undefined,
  env: (name: string) => string | undefined,
): string {
  if (named !== undefined) return named;
  // systemd separates several by colons; the first is the service's own.
  const systemd = env("STATE_DIRECTORY")?.split(":")[0];
  if (systemd) return systemd;
  const base = env("XDG_STATE_HOME") ?? (env("HOME") && join(env("HOME")!, ".local", "state"));
  if (base) return join(base, "bridge");
  throw new UsageError("No place for the state directory", {
    hint: "Set HOME or STATE_DIRECTORY, or name one: --state-dir (bridge bus: --store FILE).",
  });
}

/**
 * Makes the folder if it is not there; nobody else may look into it.
 *
 * @throws UsageError when it can't be made or is somebody else's
 */
export function prepareDirectory(path: string): void {
  try {
    Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
    if (Deno.build.os !== "windows") Deno.chmodSync(path, 0o700);
  } catch (error) {
    throw new UsageError(`Can't use the state directory: ${reasonOf(error)}`, {
      place: { file: path },
      hint: "Name another with --state-dir, or do without with --no-spool.",
      cause: error,
    });
  }
}

/** The databases of a state, its lock, and what SQLite keeps beside them. */
const OWN = /^(bridge\.db|bus\.db|lock)(-(wal|shm|journal))?$/;

/**
 * Tells the files of a state from others, which may lie in the same folder: logs, at worst.
 * Both may be reached through links.
 */
export function stateFiles(directory: string): (path: string) => boolean {
  const folder = realPath(directory);
  return (path) => OWN.test(basename(path)) && realFolder(path) === folder;
}
