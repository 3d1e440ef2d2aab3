import type { JsonObject } from "../json.ts";
import type { Observable } from "./observable.ts";

/** Names an indicator inside an IoC set: a small whole number its owner gave. */
export type Handle = number;

/** Names a value in a set, until the next change. */
export type Entry = number;

/** One value in an event that is an IoC. */
export interface Hit {
  /** The indicator that is to be credited. */
  readonly handle: Handle;
  /** The IoC that was found, canonical. */
  readonly observable: Observable;
  /** Where in the event: `dns.rrname`, `dns.answers[2].rdata`; a URL that two fields make up: `url(http.hostname+http.url)`. */
  readonly field: string;
  /** The text that stood there: the IoC in some spelling, an address inside a CIDR, a subdomain. */
  readonly seen: string;
}

/**
 * A look at all values of a set without an object for each, for engines that
 * build filters. New entries are appended, removed ones stay for a while with kind 255, and the
 * others may then move down, in their order: an `IocCursor` says what is to be read. Read only;
 * arrays are replaced as they grow: ask again after each change of `version`.
 */
export interface IocView {
  /** Number of entries, removed ones included. */
  readonly count: number;
  /** Bytes of `arena` in use. */
  readonly used: number;
  /** The canonical values in UTF-8, one after the other. */
  readonly arena: Uint8Array;
  /** Where each value starts; it ends where the next one starts, the last at `used`. */
  readonly starts: Uint32Array;
  /** Bytes at its start that are not compared (`http://`, `https://`). */
  readonly skips: Uint8Array;
  /** Index into `OBSERVABLE_KINDS`, or 255 if removed. */
  readonly kinds: Uint8Array;
  readonly handles: Uint32Array;
}

/** How far somebody has read the entries of a view; entries move with it, so that none is missed. */
export interface IocCursor {
  /** The first entry that was not read; the reader moves it on. */
  at: Entry;
}

/** Options of a set that change what counts as a match. */
export interface IocSetOptions {
  /** Domains match their subdomains too. */
  readonly subdomains?: boolean;
  /**
   * Whether a value that an event holds must not be reported though an IoC covers it: asked
   * for addresses inside a CIDR and for subdomains, as IoCs themselves can be left out.
   */
  readonly spare?: (seen: Observable) => boolean;
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
  /** Adds a pair; the value must be canonical. A pair that is there stays. */
  add(observable: Observable, handle: Handle): void;
  /** Returns whether the pair was there. */
  remove(observable: Observable, handle: Handle): boolean;
  /** Whether a text from an event (any spelling, unescaped) is an IoC; a pre-check of `hits` that asks no `spare`. */
  has(text: string): boolean;
  /** Every IoC in an event, each (handle, observable) once, at the first field where it stands. */
  hits(event: JsonObject): Hit[];
  /** All values as bytes, for filters. */
  view(): IocView;
  /** A cursor at the first entry of the view, for who follows the set as long as it lives. */
  cursor(): IocCursor;
  /** All pairs, for engines that ship them elsewhere. */
  entries(): Iterable<readonly [Observable, Handle]>;
}
