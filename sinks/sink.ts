import type { OptionTable } from "../src/config/options.ts";
import { BridgeError, type BridgeErrorOptions } from "../src/errors.ts";

/** One thing to deliver: a formatted match with what placeholders need. */
export interface Delivery {
  /** Stable over retries and restarts (UUID), so that receivers can drop duplicates. */
  readonly id: string;
  /** The formatted match, one line without newline, UTF-8. */
  readonly body: Uint8Array;
  /** The IoC's value, or the pattern for compound indicators; fills `%ioc`. Untrusted. */
  readonly ioc: string;
  /** Fills `%matchtype`. */
  readonly matchType: "RETRO" | "LIVE";
  /** STIX id of the indicator. */
  readonly indicatorId: string;
}

/**
 * Told that so many more of a batch, in order, are confirmed; resolves when the sink may go
 * on. Never rejects.
 */
export type Progress = (count: number) => Promise<void>;

/** An open sink. */
export interface Sink {
  /**
   * Delivers a batch in order. Resolves when the sink has confirmed it as its
   * guarantee says; rejects with a `SinkError` that tells what was not delivered
   * (`ClosedPipe` where the reader of standard output is gone).
   * One call at a time; on a retryable error the caller may call again at any time,
   * and the sink connects anew by itself. A sink that is confirmed piece by piece may
   * tell its `progress` meanwhile: what was told is not repeated after a crash.
   */
  write(batch: readonly Delivery[], signal: AbortSignal, progress?: Progress): Promise<void>;
  /** Makes what was written safe and lets go of all resources. May be called twice. */
  close(): Promise<void>;
  /** SIGHUP: lets go of files and opens them anew (log rotation by others). */
  reopen?(): Promise<void>;
}

/** What a `SinkError` tells besides what went wrong. */
export interface SinkErrorOptions extends BridgeErrorOptions {
  /** What surely or possibly did not arrive, in order; empty where nothing was under way. */
  readonly undelivered?: readonly Delivery[];
  /** Whether trying again may help; true unless said. */
  readonly retryable?: boolean;
  /** The receiver can't be reached at all: no delivery is to blame, so none is tried alone. */
  readonly away?: boolean;
  /** The receiver asks to wait so long before the next try, ms. */
  readonly retryAfter?: number;
}

/** A sink can't be opened or did not deliver. */
export class SinkError extends BridgeError {
  override name = "SinkError";
  readonly undelivered: readonly Delivery[];
  readonly retryable: boolean;
  readonly away: boolean;
  readonly retryAfter: number | undefined;
  constructor(message: string, options: SinkErrorOptions = {}) {
    super(message, options);
    this.undelivered = options.undelivered ?? [];
    this.retryable = options.retryable ?? true;
    this.away = options.away ?? false;
    this.retryAfter = options.retryAfter;
  }
}

/** What a sink gives for a resolved `write`. */
export type Guarantee = "at-most-once" | "at-least-once";

/** What a sink says of itself: the source of `sinks list`, validation and docs. */
export interface SinkSpec {
  readonly name: string;
  readonly summary: string;
  /** The short forms of `--sink`, e.g. `file:PATH`. */
  readonly forms: readonly string[];
  readonly options: OptionTable;
  readonly guarantee: Guarantee;
  /** What a confirmed write means, in a sentence. */
  readonly confirms: string;
  readonly examples: readonly string[];
}

/** Checked option values, by the names in `SinkSpec.options`; durations in ms, sizes in bytes. */
export type SinkOptions = Readonly<Record<string, unknown>>;

/** What the program lends to a sink. */
export interface SinkContext {
  /** Reads an environment variable (secrets, `NO_COLOR`, …). */
  readonly env: (name: string) => string | undefined;
  /** The line a document begins with (CSV header), for sinks that write documents. */
  readonly head?: Uint8Array;
  /** The line a document ends with, for sinks that write documents. */
  readonly tail?: Uint8Array;
}

/** A module under `sinks/` (or a user's own, in JavaScript for the binary). */
export interface SinkModule {
  readonly spec: SinkSpec;
  /** Reads the short form (all of it, e.g. `file:/var/log/hits.json?fsync=true`) into raw options. */
  parse(form: string): Record<string, unknown>;
  /**
   * Its name in logs, metrics and the spool, of its raw options, where the short form may hold
   * secrets: the short form without credentials and options unless said.
   */
  label?(raw: Record<string, unknown>): Promise<string>;
  /** Connects, or fails with a `SinkError` saying what and why. */
  open(options: SinkOptions, context: SinkContext, signal: AbortSignal): Promise<Sink>;
}
