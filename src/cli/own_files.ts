/** What this program writes: read as a log, each hit would lead to one more, without end. */
import { fstatSync } from "node:fs";
import { basename } from "node:path";
import { builtInSink, parseSinkSpec, type SinkEntryConfig } from "../../sinks/registry.ts";
import type { Config } from "../config/config.ts";
import type { IsOwn } from "../engines/logs/sources/walk.ts";
import { realFolder, realPath } from "../real_path.ts";
import { stateFiles } from "../state/directory.ts";

/** Tells the program's own files, their rotated parts too. */
export interface OwnFiles {
  readonly has: IsOwn;
  /** Folders where this program has databases; `configure` tells of the embedded bus's. */
  readonly databases: readonly string[];
  /** Other files from now on: those of these sinks, and the log and metrics of the configuration. */
  configure(config: Config, sinks: readonly SinkEntryConfig[]): Promise<void>;
}

/** How a rotated part's name goes on: `.1`, `.2.gz`, `-20261121`, `.20261121T233826Z-0003`. */
const ROTATED = /^[.-]\d[\dTZ-]*(?:\.(?:gz|zst|zstd|bz2|xz))?$/;
/** What SQLite keeps beside a database. */
const BESIDE_DATABASE = ["", "-wal", "-shm", "-journal"];

/** Knows standard output and, if there is one, the files of the state in a folder. */
export function createOwnFiles(stateFolder?: string): OwnFiles {
  const output = standardOutput();
  const isState = stateFolder === undefined ? () => false : stateFiles(stateFolder);
  const ofState = stateFolder === undefined ? [] : [stateFolder];
  let databases = ofState;
  let files: readonly { readonly name: string; readonly folder: string }[] = [];
  return {
    has(path, identity) {
      if (identity !== undefined && identity === output) return true;
      if (isState(path)) return true;
      const name = basename(path);
      return files.some((own) =>
        name.startsWith(own.name) &&
        (name === own.name || ROTATED.test(name.slice(own.name.length))) &&
        own.folder === realFolder(path)
      );
    },
    get databases() {
      return databases;
    },
    async configure(config, sinks) {
      const paths = await Promise.all(sinks.map(fileOf));
      if (config["logging.file"]) paths.push(config["logging.filename"]);
      paths.push(config["metrics.filename"]);
      const store = config["embedded.store"];
      if (store !== undefined) paths.push(...BESIDE_DATABASE.map((ending) => store + ending));
      databases = store === undefined ? ofState : [...ofState, realFolder(store)];
      files = paths.filter((path) => path !== undefined)
        // It may be a link to a file that has another name among the logs.
        .flatMap((path) => [...new Set([path, realPath(path)])])
        .map((path) => ({ name: basename(path), folder: realFolder(path) }));
    },
  };
}

/** The file that a sink appends to, if that is what it does. */
async function fileOf(entry: SinkEntryConfig): Promise<string | undefined> {
  const form = typeof entry === "string" ? entry : entry["sink"];
  // What is wrong with it is told when it is opened.
  if (typeof form !== "string") return undefined;
  if ((await builtInSink(form))?.spec.name !== "file") return undefined;
  try {
    const { options } = await parseSinkSpec(entry);
    return String(options["path"]);
  } catch {
    return undefined;
  }
}

/** The identity of the file that standard output goes to. */
function standardOutput(): string | undefined {
  try {
    const info = fstatSync(1);
    return info.isFile() ? `${info.dev}:${info.ino}` : undefined;
  } catch {
    return undefined;
  }
}
