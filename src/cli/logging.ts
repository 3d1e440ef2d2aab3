import { configure, type LogLevel, type LogRecord, type Sink } from "@logtape/logtape";
import { stripControls } from "./terminal.ts";
import { ConfigError } from "../errors.ts";
import { reasonOf } from "../system_error.ts";

/** The ancestor's level names, and ours for `--log-level`; `off` logs nothing. */
const LEVELS: Readonly<Record<string, LogLevel | null>> = {
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
export async function setUpLogging(options: LoggingOptions): Promise<void> {
  const sinks: Record<string, Sink> = {};
  const loggers = [];
  const consoleLevel = levelOf(options.console);
  if (consoleLevel !== null) {
    sinks["console"] = consoleSink(options);
    loggers.push({
      category: ["bridge"],
      lowestLevel: consoleLevel,
      sinks: ["console"],
    });
  }
  const fileLevel = levelOf(options.file?.level);
  if (options.file !== undefined && fileLevel !== null) {
    const file = openLogFile(options.file.path);
    sinks["file"] = fileSink(file);
    if (loggers.length === 0) {
      loggers.push({ category: ["bridge"], lowestLevel: fileLevel, sinks: [] as string[] });
    }
    const [logger] = loggers;
    logger!.sinks.push("file");
    logger!.lowestLevel = lower(logger!.lowestLevel, fileLevel);
    if (consoleLevel !== null) sinks["console"] = atLeast(consoleLevel, sinks["console"]!);
    // Closed when logging is set up anew (SIGHUP).
    sinks["file"] = Object.assign(atLeast(fileLevel, sinks["file"]), {
      [Symbol.dispose]: () => file.close(),
    });
  }
  // The library's own notices (a logger that fails) must not get lost, nor its chatter show.
  loggers.push({
    category: ["logtape", "meta"],
    lowestLevel: "warning" as const,
    sinks: Object.keys(sinks).slice(0, 1),
  });
  await configure({ sinks, loggers, reset: true });
}

const ORDER: readonly LogLevel[] = ["trace", "debug", "info", "warning", "error", "fatal"];

function levelOf(name: string | undefined): LogLevel | null {
  return name === undefined ? null : LEVELS[name.toLowerCase()] ?? null;
}

function lower(a: LogLevel, b: LogLevel): LogLevel {
  return ORDER.indexOf(a) < ORDER.indexOf(b) ? a : b;
}

function atLeast(level: LogLevel, sink: Sink): Sink {
  return (record) => {
    if (ORDER.indexOf(record.level) >= ORDER.indexOf(level)) sink(record);
  };
}

/** One record as one line: `bridge: warning: can't read x`, with a time and the part's name in a daemon's log. */
export function formatRecord(record: LogRecord, timestamps: boolean): string {
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

function consoleSink(options: LoggingOptions): Sink {
  return (record) => {
    options.beforeLine?.();
    writeAll(Deno.stderr, formatRecord(record, options.timestamps));
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

function fileSink(file: Deno.FsFile): Sink {
  return (record) => writeAll(file, formatRecord(record, true));
}

/** Logs are written at once: what a process said last before it died is what matters. */
function writeAll(target: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let done = 0; done < bytes.length;) done += target.writeSync(bytes.subarray(done));
  } catch { /* no one reads standard error any more: nowhere left to say so */ }
}
