/**
 * The errors that a person can act on. Each carries where the trouble is and
 * what to do; the command line prints `message` and `hint`, never a stack.
 */

/** Place in some input: a file (or `stdin`, `--ioc`), a line and column from 1, a config key. */
export interface Place {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly key?: string;
}

/** Options shared by all errors of ours. */
export interface BridgeErrorOptions extends ErrorOptions {
  /** Where the trouble is. */
  readonly place?: Place;
  /** What the person can do about it, a full sentence. */
  readonly hint?: string;
}

/** Base of every error that bridge itself raises on purpose. */
export class BridgeError extends Error {
  override name = "BridgeError";
  readonly place: Place | undefined;
  readonly hint: string | undefined;
  constructor(message: string, options: BridgeErrorOptions = {}) {
    super(message, options);
    this.place = options.place;
    this.hint = options.hint;
  }
}

/** The call itself is wrong: an unknown option, a missing path. Exit code 2 before anything runs. */
export class UsageError extends BridgeError {
  override name = "UsageError";
}

/** A configuration file, environment variable or option value is wrong. */
export class ConfigError extends BridgeError {
  override name = "ConfigError";
}

/** Some input (IoC list, message, log) does not have the form that it should. */
export class InputError extends BridgeError {
  override name = "InputError";
}

/** A peer (broker, sink's server, VAST node) can't be reached or went away; trying again may help. */
export class NotConnectedError extends BridgeError {
  override name = "NotConnectedError";
}

/** The reader of standard output is gone (`| head`): end quietly, nothing is wrong. */
export class ClosedPipe extends Error {
  override name = "ClosedPipe";
}

/** Tells whether an error from writing to standard output means that its reader is gone. */
export function isClosedPipe(error: unknown): boolean {
  return error instanceof ClosedPipe || error instanceof Deno.errors.BrokenPipe;
}

/** Writes a place as people read it: `file:line:column: key "x"`, flags as they are. */
export function formatPlace(place: Place): string {
  const spot = [place.file, place.line, place.column].filter((part) => part !== undefined);
  const parts = [];
  if (spot.length > 0) parts.push(spot.join(":"));
  if (place.key !== undefined) {
    parts.push(place.key.startsWith("--") ? place.key : `key "${place.key}"`);
  }
  return parts.join(": ");
}
