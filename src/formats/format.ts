import type { Match } from "../engines/engine.ts";

/** Turns matches into bytes; each is one file, named in the registry. */
export interface Format {
  readonly name: string;
  readonly summary: string;
  /** Written once before the first match (CSV header, opening of a bundle). */
  readonly head?: () => Uint8Array | undefined;
  /** One match as one line without newline. */
  readonly render: (match: Match) => Uint8Array;
  /** Written once after the last match. */
  readonly tail?: () => Uint8Array | undefined;
}
