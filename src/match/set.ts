import type { JsonObject } from "../json.ts";
import type { Observable } from "./observable.ts";

/** Names an indicator inside an IoC set: a small whole number its owner gave. */
export type Handle = number;

/** One value in an event that is an IoC. */
export interface Hit {
  /** The indicator that is to be credited. */
  readonly handle: Handle;
  /** The IoC that was found, canonical. */
  readonly observable: Observable;
  /** Where in the event: `dns.rrname`, `dns.answers[2].rdata`; a URL that two fields make up: `url(http.hostname+http.url)`. */
  readonly field: string;
}

/** Options of a set that change what counts as a match. */
export interface IocSetOptions {
  /** Domains match their subdomains too. */
  readonly subdomains?: boolean;
}

/**
 * A changeable set of point IoCs, up to millions, looked up by exact value.
 * Several handles may share a value: every one is credited.
 */
export interface IocSet {
  /** Number of (value, handle) pairs. */
  readonly size: number;
  readonly options: IocSetOptions;
  /** Raised at each change, so that derived structures (filters) know when they are stale. */
  readonly version: number;
  add(observable: Observable, handle: Handle): void;
  /** Returns whether the pair was there. */
  remove(observable: Observable, handle: Handle): boolean;
  /** Whether a text from an event (any spelling, unescaped) is an IoC; the fast pre-check of `hits`. */
  has(text: string): boolean;
  /** Every IoC in an event, each (handle, observable) once, at the first field where it stands. */
  hits(event: JsonObject): Hit[];
  /** All pairs, for engines that ship them elsewhere. */
  entries(): Iterable<readonly [Observable, Handle]>;
}
