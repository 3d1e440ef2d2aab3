/** What of an indicator's version decides about it, so that the whole object need not be at hand. */
import type { Observable } from "../match/observable.ts";
import type { Validity } from "./filter.ts";

/** A version of an indicator. */
export interface Version extends Validity {
  /** STIX id. */
  readonly id: string;
  /** As `pointsOf` gives them: empty for a compound pattern. */
  readonly points: readonly Observable[];
  /** The STIX object. */
  readonly json: string;
  /** It is looked for, and the version before it was, by the same pattern. */
  readonly continues: boolean;
}

/** The same where the object is kept elsewhere, under this handle. */
export interface HeldVersion extends Omit<Version, "json" | "continues"> {
  readonly handle: number;
}
