/** What of an indicator's version decides about it, so that the whole object need not be at hand. */
import type { Observable } from "../match/observable.ts";
import type { Validity } from "./filter.ts";
import type { Uuid } from "./id_words.ts";
import type { Prefilter } from "./points.ts";

/** A version of an indicator. */
export interface Version {
  /** That of its id. */
  readonly uuid: Uuid;
  /** As `pointsOf` gives them: empty for a compound pattern. */
  readonly points: readonly Observable[];
  /** The STIX object as text, or as that in UTF-8. */
  readonly json: string | Uint8Array;
  readonly validity: Validity;
  /** Of a compound pattern, if it is known (see `Indicator`). */
  readonly prefilter?: Prefilter | undefined;
  /** It is looked for, and the version before it was, by the same pattern. */
  readonly continues: boolean;
}

/** The same where the object is kept elsewhere, under this handle. */
export interface HeldVersion extends Validity, Pick<Version, "points" | "prefilter"> {
  readonly handle: number;
  /** The words of the id's UUID; valid until the next version is asked for. */
  readonly uuid: Uint32Array;
}

// Of bytes that were found to be UTF-8; in Deno a `fatal` one is twice as slow.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The text of a version's object. */
export function textOf(json: Version["json"]): string {
  return typeof json === "string" ? json : decoder.decode(json);
}
