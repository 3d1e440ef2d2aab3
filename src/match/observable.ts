/**
 * Observables: what can be seen on a network and named by an indicator, each in
 * one canonical form so that two spellings of a thing are the same string.
 */

/** The kinds of point observables. JA3 fingerprints are `md5`. */
export const OBSERVABLE_KINDS = [
  "ipv4",
  "ipv6",
  "cidr",
  "domain",
  "url",
  "email",
  "md5",
  "sha1",
  "sha256",
  "sha512",
] as const;

/** One kind of observable. */
export type ObservableKind = typeof OBSERVABLE_KINDS[number];

/** A value in canonical form together with its kind. */
export interface Observable {
  readonly kind: ObservableKind;
  /** Canonical, see `canonical()` in `canonical.ts`. */
  readonly value: string;
}
