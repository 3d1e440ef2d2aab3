import type { JsonObject } from "../json.ts";
import type { Indicator, IndicatorSet } from "../intel/indicator.ts";
import type { Observable, ObservableKind } from "../match/observable.ts";
import type { Handle } from "../match/set.ts";
import type { Position } from "./logs/live/positions.ts";

/** How a match came about: from the past or from the stream. */
export type MatchType = "RETRO" | "LIVE";

/** An event of the telemetry. */
export interface TelemetryEvent {
  /** The event as one line of JSON without the newline: for JSON logs byte for byte as it stands there. */
  readonly bytes: Uint8Array;
  /** The same, parsed (lazily, once). */
  readonly value: JsonObject;
}

/** Where an event stands. */
export interface Where {
  /** Path of the file, `-` for standard input, `vast` for a node. */
  readonly source: string;
  /** Line from 1, if known. */
  readonly line?: number;
  /** Field path inside the event, if a point value matched. */
  readonly field?: string;
}

/** One indicator seen in one event. */
export interface Match {
  readonly type: MatchType;
  readonly indicator: Indicator;
  /**
   * Names the indicator in the set that was looked for; absent where only the telemetry's own
   * matcher knows it.
   */
  readonly handle?: Handle;
  /** The point value that was seen; absent when a compound pattern matched. */
  readonly observable?: Observable;
  /** What the telemetry's own matcher says that it saw; null if it does not say. */
  readonly told?: string | number | null;
  readonly where: Where;
  readonly event: TelemetryEvent;
  /** What `transform_context` made of the event, JSON on one line; goes out in its place. */
  readonly context?: Uint8Array;
}

/** What an engine can do with an indicator; the reason stands in logs and summaries. */
export type Support =
  | { readonly type: "whole" }
  /** The engine finds a superset, which is then filtered here. */
  | { readonly type: "superset"; readonly reason: string }
  /** `label` is the reason in one of few words, for metrics. */
  | { readonly type: "none"; readonly reason: string; readonly label: UnsupportedLabel };

/** Why an indicator can't be looked for: the pattern itself, what it asks for, how the engine looks. */
export type UnsupportedLabel = "pattern" | "unseen-field" | "no-value";

/**
 * How far logs were searched, file by file. Only the engine that told it can read it;
 * it survives JSON.
 */
export type Extents = readonly Position[];

/** A moment of live matching: how far it had read then. */
export interface LiveMark {
  /**
   * How many bytes (decompressed) of a file had been matched then, 0 if the file came
   * later; Infinity where that isn't known. `identity` is `device:inode`, `head` the first
   * bytes.
   */
  readOf(file: { readonly identity: string; readonly head: Uint8Array }): number;
}

/** One retro question: these indicators against the past. */
export interface RetroQuery {
  readonly indicators: IndicatorSet;
  /** Only events at or after this instant, ms since the epoch. */
  readonly since?: number;
  /** Only events before this instant, ms since the epoch. */
  readonly until?: number;
  /** At most so many events an indicator; 0 is unlimited. */
  readonly maxEvents: number;
  /** Where the past of an indicator ends as live matching saw to what came then; see `Engine.mark`. */
  readonly ends?: ReadonlyMap<Handle, LiveMark>;
  /** What was searched for these indicators before, and is left out. */
  readonly searched?: Extents;
}

/** Trouble that did not stop a hunt, named once with a count. */
export interface Trouble {
  /** File or endpoint. */
  readonly source: string;
  /** What, in words: "lines are not JSON", "gzip stream ends early". */
  readonly what: string;
  readonly count: number;
  /** First place where it was seen. */
  readonly line?: number;
  /** Data was left unread, so the answer may be incomplete (exit code 2). */
  readonly unread: boolean;
  /** What a compound pattern may have missed: events let go too early, or a search given up. */
  readonly loss?: "let-go" | "given-up";
}

/** How far a hunt got; handed to `RetroHooks.progress` a few times a second at most. */
export interface Progress {
  readonly bytesRead: number;
  /** All bytes to read, if known (not for standard input). */
  readonly bytesTotal?: number;
  readonly eventsRead: number;
  readonly source: string;
}

/** Callbacks of a hunt, retro or live. */
export interface RetroHooks {
  readonly trouble?: (trouble: Trouble) => void;
  readonly progress?: (progress: Progress) => void;
  /** Told at the end of a hunt how far the logs were searched, for `RetroQuery.searched`. */
  readonly searched?: (extents: Extents) => void;
}

/** Whether the telemetry can be reached, as far as the engine knows. */
export type EngineHealth =
  | { readonly type: "unknown" }
  /** `since` in ms since the epoch. */
  | { readonly type: "up"; readonly since: number }
  | { readonly type: "away"; readonly since: number; readonly reason: string };

/** What an engine says of itself, shown by `bridge engines list`. */
export interface EngineSpec {
  readonly name: string;
  readonly summary: string;
  readonly kinds: readonly ObservableKind[];
  readonly retro: string;
  readonly live: string;
  readonly batching: string;
  readonly limits: readonly string[];
}

/**
 * A place where events are and indicators can be looked up. Matches come in
 * batches, in the order of the telemetry; asking for the next batch is the
 * back-pressure.
 */
export interface Engine {
  readonly spec: EngineSpec;
  /** The engine itself keeps `retro_match_timeout`, for each of its queries: a hunt may take longer. */
  readonly timesQueries?: boolean;
  supports(indicator: Indicator): Support;
  /** Gets ready for a hunt while indicators are read; what goes wrong shows in the hunt. */
  prepare?(signal: AbortSignal): Promise<void>;
  /** Resolves when the telemetry can be reached, rejects with a typed error that says why not. */
  check(signal: AbortSignal): Promise<void>;
  retro(
    query: RetroQuery,
    hooks: RetroHooks,
    signal: AbortSignal,
  ): AsyncIterable<readonly Match[]>;
  /**
   * Runs until the signal aborts; the set may change at any time and counts at once.
   * Asking for a batch says that the one before it is safe: an engine that keeps
   * positions moves them only then.
   */
  live(
    indicators: IndicatorSet,
    signal: AbortSignal,
    hooks?: RetroHooks,
  ): AsyncIterable<readonly Match[]>;
  /**
   * This moment of live matching, for `RetroQuery.ends`: an indicator that comes into the
   * set in the same turn is matched live from here on. Absent where that isn't known.
   */
  mark?(): LiveMark;
  /**
   * Resolves when live matching, once it was asked for, has noted where the stream begins (or has
   * failed), or the signal aborts: what is written before that is past. Absent where it begins at once.
   */
  begun?(signal: AbortSignal): Promise<void>;
  /** How the telemetry is; absent for engines whose telemetry can't go away. */
  health?(): EngineHealth;
  close(): Promise<void>;
}

/** What an engine's folder exports as `mod.ts` and the registry imports when it is named. */
export interface EngineModule<Options> {
  readonly spec: EngineSpec;
  /** The same without an open engine. */
  supports(indicator: Indicator): Support;
  open(options: Options): Promise<Engine>;
}
