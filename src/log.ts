/**
 * Log records: from any part of the program to the one place that `setLog` names. logtape makes
 * them. It is loaded by the first record that somebody wants: a short hunt seldom has anything to
 * say, and would wait more than a millisecond for it.
 */
import type { LogRecord } from "@logtape/logtape";

export type { LogRecord };

/** How much a record matters, least first. */
export const LEVELS = ["debug", "info", "warning", "error", "fatal"] as const;
export type LogLevel = typeof LEVELS[number];

/** Takes a text whose `{name}`s stand for properties, or is a tag of a template: ``warn`at ${place}` ``. */
export interface LogMethod {
  (text: string, properties?: Record<string, unknown>): void;
  (texts: TemplateStringsArray, ...values: readonly unknown[]): void;
}

/** A part of the program as it logs. */
export type Logger = Readonly<Record<"debug" | "info" | "warn" | "error" | "fatal", LogMethod>>;

/** Where records of some levels go. */
export interface Log {
  readonly levels: ReadonlySet<LogRecord["level"]>;
  write(record: LogRecord): void;
  /** Called when records go elsewhere. */
  close?(): void;
}

type Library = typeof import("@logtape/logtape");

let log: Log | undefined;
let library: Library | undefined;
let loading: Promise<void> | undefined;
/** Records made before the library was there. */
let waiting: ((library: Library) => void)[] = [];

/** Names where records go from now on; at first they go nowhere. */
export function setLog(to: Log | undefined): void {
  log?.close?.();
  log = to;
}

/** Resolves when all that was said is written. */
export async function flushLog(): Promise<void> {
  await loading;
}

/** The logger of a part of the program, `["bridge", "<part>"]`. */
export function getLogger(category: readonly string[]): Logger {
  const at = (name: keyof Logger, level: LogLevel): LogMethod => (...said: readonly unknown[]) => {
    if (!log?.levels.has(level)) return;
    const say = ({ getLogger }: Library) => {
      const logger: Logger = getLogger(category);
      logger[name](...said as Parameters<LogMethod>);
    };
    if (library !== undefined) return say(library);
    waiting.push(say);
    loading ??= load();
  };
  return {
    debug: at("debug", "debug"),
    info: at("info", "info"),
    warn: at("warn", "warning"),
    error: at("error", "error"),
    fatal: at("fatal", "fatal"),
  };
}

async function load(): Promise<void> {
  library = await import("@logtape/logtape");
  const sinks = ["log"];
  library.configureSync({
    sinks: { log: (record) => log?.write(record) },
    loggers: [
      { category: "bridge", lowestLevel: "debug", sinks },
      // Its own notices (a log that fails).
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks },
    ],
  });
  for (const say of waiting) say(library);
  waiting = [];
}
