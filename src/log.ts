/**
 * Log records: from any part of the program to the one place that `setLog` names. A library for it
 * took a short hunt, which seldom has anything to say, more than a millisecond to load.
 */

/** How much a record matters, least first. */
export const LEVELS = ["debug", "info", "warning", "error", "fatal"] as const;
export type LogLevel = typeof LEVELS[number];

/** What a part of the program says. */
export interface LogRecord {
  /** `["bridge", "<part>"]`. */
  readonly category: readonly string[];
  readonly level: LogLevel;
  /** Text and values in turn. */
  readonly message: readonly unknown[];
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
}

/** Takes a text whose `{name}`s stand for properties, or is a tag of a template: ``warn`at ${place}` ``. */
export interface LogMethod {
  (text: string, properties?: Readonly<Record<string, unknown>>): void;
  (texts: TemplateStringsArray, ...values: readonly unknown[]): void;
}

/** A part of the program as it logs. */
export interface Logger {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
  readonly fatal: LogMethod;
}

/** Where records of some levels go. */
export interface Log {
  readonly levels: ReadonlySet<LogLevel>;
  write(record: LogRecord): void;
  /** Called when records go elsewhere. */
  close?(): void;
}

let log: Log | undefined;

/** Names where records go from now on; at first they go nowhere. */
export function setLog(to: Log | undefined): void {
  log?.close?.();
  log = to;
}

/** The logger of a part of the program. */
export function getLogger(category: readonly string[]): Logger {
  const at = (level: LogLevel): LogMethod => (text, ...values: readonly unknown[]) => {
    if (!log?.levels.has(level)) return;
    const message = typeof text === "string"
      ? filledIn(text, values[0] as Record<string, unknown> | undefined)
      : text.flatMap((part, i) => i < values.length ? [part, values[i]] : [part]);
    log.write({ category, level, message, timestamp: Date.now() });
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warning"),
    error: at("error"),
    fatal: at("fatal"),
  };
}

/** Text and properties in turn; a name that is no property stays as it is. */
function filledIn(text: string, properties: Readonly<Record<string, unknown>> = {}): unknown[] {
  return text.split(/\{(\w+)\}/).map((part, i) =>
    i % 2 === 0 ? part : Object.hasOwn(properties, part) ? properties[part] : `{${part}}`
  );
}
