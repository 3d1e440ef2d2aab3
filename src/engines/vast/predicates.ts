import { spellingsOf, type Unit } from "./units.ts";

/** What queries are made of. */

/** Layouts that a node has, with their number of events; undefined if it does not tell. */
export type Layouts = ReadonlyMap<string, number> | undefined;

/** What the forms depend on besides the values. */
export interface FormContext {
  readonly layouts: Layouts;
  /** Domains stand for their subdomains too. */
  readonly subdomains: boolean;
}

/** A text as VAST's query language writes it. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** Whether a value can stand in a query at all: raw control characters are parse errors. */
export function isAskable(text: string): boolean {
  // deno-lint-ignore no-control-regex
  return text !== "" && !/[\x00-\x1f\x7f]/.test(text);
}

/** `field in [ … ]`, each member once; nothing for no members. */
export function list(field: string, members: Iterable<string>): string[] {
  const unique = [...new Set(members)];
  return unique.length === 0 ? [] : [`${field} in [${unique.join(", ")}]`];
}

/** The same members in several fields. */
export function lists(fields: readonly string[], members: readonly string[]): string[] {
  return fields.flatMap((field) => list(field, members));
}

/** Names that end in a domain, among those that hold it. */
export function subdomainsIn(fields: readonly string[], units: readonly Unit[]): string[] {
  return units.flatMap(({ value }) => fields.map((field) => `${quote(`.${value}`)} in ${field}`));
}

/** A mailbox as lists hold it: alone or in angle brackets. */
export function mailboxesOf(unit: Unit): string[] {
  return spellingsOf(unit).flatMap((value) => [value, `<${value}>`]);
}

/** `zeek.http` of `zeek.http.host`. */
export function layoutOf(field: string): string {
  return field.split(".", 2).join(".");
}

/** Hashes stand in logs in lower case or upper case. */
export function inBothCases(hash: string): string[] {
  return [hash, hash.toUpperCase()];
}

/** Fingerprints of certificates. */
export function withColons(hash: string): string {
  return hash.match(/../g)!.join(":");
}
