import { LEVELS, type Log, type LogLevel, type LogRecord, setLog } from "../log.ts";
import { stripControls } from "../controls.ts";
import { ConfigError } from "../errors.ts";
import { reasonOf } from "../system_error.ts";

/** The ancestor's level names, and ours for `--log-level`: the least level; `off` logs nothing. */
const LEAST: Readonly<Record<string, LogLevel | null>> = {
  debug: "debug",
  info: "info",
  warning: "warning",
  error: "error",
  critical: "fatal",
  notset: null,
  off: null,
};

/** Values of `--log-level`. */
export const LOG_LEVELS = ["debug", "info", "warning", "error", "critical", "off"] as const;

/** Where log lines go. */
export interface LoggingOptions {
  /** Least level on standard error; undefined logs nothing there. */
  readonly console?: string | undefined;
  /** Least level in the file. */
  readonly file?: { readonly path: string; readonly level: string } | undefined;
  /** Long-running commands stamp their lines. */
  readonly timestamps: boolean;
  /** Called before a line goes to standard error (a progress line has to give way). */
  readonly beforeLine?: () => void;
}

/** Sends the logs of all parts to standard error and, if wanted, to a file. */
export function setUpLogging(options: LoggingOptions): void {
  const outputs: Log[] = [];
  const onConsole = levelsFrom(options.console);
  if (onConsole.size > 0) outputs.push({ levels: onConsole, write: consoleWriter(options) });
  const inFile = levelsFrom(options.file?.level);
  if (options.file !== undefined && inFile.size > 0) {
    const file = openLogFile(options.file.path);
    const write = (record: LogRecord) => writeAll(file, formatRecord(record, true));
    outputs.push({ levels: inFile, write, close: () => file.close() });
  }
  setLog({
    levels: onConsole.union(inFile),
    write(record) {
      for (const { levels, write } of outputs) if (levels.has(record.level)) write(record);
    },
    // When logging is set up anew (SIGHUP).
    close() {
      for (const output of outputs) output.close?.();
    },
  });
}

function levelsFrom(name: string | undefined): ReadonlySet<LogLevel> {
  const least = name === undefined ? null : LEAST[name.toLowerCase()] ?? null;
  return new Set(least === null ? [] : LEVELS.slice(LEVELS.indexOf(least)));
}

/** One record as one line: `bridge: warning: can't read x`, with a time and the part's name in a daemon's log. */
function formatRecord(record: LogRecord, timestamps: boolean): string {
  const message = record.message.map((part) => typeof part === "string" ? part : show(part)).join(
    "",
  );
  const level = record.level === "fatal" ? "critical" : record.level;
  const part = record.category.slice(1).join(".");
  const line = timestamps
    ? `${new Date(record.timestamp).toISOString()} ${
      level.toUpperCase().padEnd(8)
    } [${part}] ${message}`
    : `bridge: ${level === "info" ? "" : `${level}: `}${message}`;
  return stripControls(line.replaceAll("\n", " ")) + "\n";
}

function show(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === "string" ? value : JSON.stringify(value) ?? String(value);
}

function consoleWriter({ beforeLine, timestamps }: LoggingOptions): Log["write"] {
  return (record) => {
    beforeLine?.();
    writeAll(Deno.stderr, formatRecord(record, timestamps));
  };
}

function openLogFile(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { append: true, create: true, mode: 0o640 });
  } catch (error) {
    throw new ConfigError(`Can't open the log file: ${reasonOf(error)}`, {
      place: { file: path },
      hint: "Name another with logging.filename.",
      cause: error,
    });
  }
}

/** Logs are written at once: what a process said last before it died is what matters. */
function writeAll(target: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let done = 0; done < bytes.length;) done += target.writeSync(bytes.subarray(done));
  } catch { /* no one reads standard error any more: nowhere left to say so */ }
}
