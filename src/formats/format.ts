import type { Match } from "../engines/engine.ts";
import type { SightingSource, SightingWindow } from "../stix/sighting.ts";

/**
 * Turns matches into bytes. An instance belongs to one document (a sink with its
 * format), since a head, a tail and what separates lines depend on what came before.
 */
export interface Format {
  readonly name: string;
  /** Written once before the first match (CSV header, opening of a bundle), without newline. */
  readonly head?: () => Uint8Array | undefined;
  /** One match as one line without newline. `uuid` is its sighting's, where the caller has it. */
  readonly render: (match: Match, uuid?: string) => Uint8Array;
  /** One line for many events of one indicator, where the format can tell that. */
  readonly renderWindow?: (source: SightingSource, window: SightingWindow) => Uint8Array;
  /** Written once after the last match, without newline. */
  readonly tail?: () => Uint8Array | undefined;
}

/** What a format needs to know of where its lines go; all have sensible defaults. */
export interface FormatOptions {
  /** Colours and emphasis for a terminal (`table`). */
  readonly color?: boolean;
  /** Columns of the terminal (`table`). */
  readonly width?: number;
  /** One STIX bundle instead of an object a line (`sighting`). */
  readonly bundle?: boolean;
  /** Spelt as Threat Bus apps do (`sighting`), for the bus. */
  readonly bus?: boolean;
}

/** What a format's file exports. */
export interface FormatModule {
  readonly create: (options: FormatOptions) => Format;
}
