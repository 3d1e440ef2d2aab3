/**
 * A config file of our own for `vast`. VAST reads it last and on top of its
 * usual files (`~/.config/vast/vast.yaml`, the one of the installation), so that
 * a user's settings stay; only the size of the log queue is ours.
 */

/** A file that is there until `remove`. */
export interface ConfigFile {
  readonly path: string;
  remove(): Promise<void>;
}

/** Log messages that may wait; the default of a million costs 400 MB and 0.3 s a process. */
const CONTENT = "vast:\n  log-queue-size: 100\n";

/** Writes the file; it goes with our process at the latest. */
export async function writeConfigFile(): Promise<ConfigFile> {
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
