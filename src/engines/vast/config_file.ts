/**
 * A config file of our own for `vast`. VAST reads it last and on top of its
 * usual files (`~/.config/vast/vast.yaml`, the one of the installation), so that
 * a user's settings stay; only the size of the log queue is ours.
 */
import { join } from "node:path";
import { prepareDirectory, stateDirectory } from "../../state/directory.ts";

/** A file that is there until `remove`. */
export interface ConfigFile {
  readonly path: string;
  /** Does nothing to a file that is kept. */
  remove(): Promise<void>;
}

/** Log messages that may wait; the default of a million costs 400 MB and 0.3 s a process. */
const CONTENT = "vast:\n  log-queue-size: 100\n";

/**
 * Sees to the file. It is kept in the user's state directory, or in `folder`, where all of
 * our processes share it: of a temporary one something is left when a process is killed.
 */
export async function writeConfigFile(folder?: string): Promise<ConfigFile> {
  try {
    return keptFile(folder ?? stateDirectory(undefined, (name) => Deno.env.get(name)));
  } catch {
    // Without a home, or on a disk that can't be written to.
    return await temporaryFile();
  }
}

/** Written only where it is not there: a `vast` that starts may be reading it. */
function keptFile(folder: string): ConfigFile {
  const path = join(folder, "vast.yaml");
  if (readIfThere(path) !== CONTENT) {
    prepareDirectory(folder);
    Deno.writeTextFileSync(path, CONTENT);
  }
  return { path, remove: () => Promise.resolve() };
}

function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Goes with our process, unless that is killed. */
async function temporaryFile(): Promise<ConfigFile> {
  const path = await Deno.makeTempFile({ prefix: "bridge-vast-", suffix: ".yaml" });
  await Deno.writeTextFile(path, CONTENT);
  const removeSync = () => {
    try {
      Deno.removeSync(path);
    } catch {
      // Gone already.
    }
  };
  globalThis.addEventListener("unload", removeSync);
  return {
    path,
    async remove() {
      globalThis.removeEventListener("unload", removeSync);
      await Deno.remove(path).catch(() => {});
    },
  };
}
