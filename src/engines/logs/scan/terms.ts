/**
 * What the kernel has to know of an IoC so that no event that holds it slips
 * through. Most IoCs are found by their text alone; here are the others.
 */
import { parsePrefix } from "../../../match/address.ts";
import type { Observable } from "../../../match/observable.ts";
import { spellingsInScript } from "../../../match/scripts.ts";

/** Takes the terms of an IoC. */
export interface TermVisitor {
  /** A whole value, or a part that stands alone in some field, points to the IoC. */
  text(text: string): void;
  /** Values that end like this need a look in which the kernel rewrites them. */
  end(text: string): void;
  /** An address of the network points to the IoC; an address is a network of 128 bits. */
  network(address: string, bits: number): void;
}

/** Shorter paths stand in too many logs to be what a URL is found by. */
const TELLING_PATH = 12;

/** Calls back with the terms of an IoC, `key` as `matchKey` gives it. */
export function visitTerms(kind: Observable["kind"], key: string, visit: TermVisitor): void {
  switch (kind) {
    case "ipv6":
      return visit.network(key, 128);
    case "cidr":
      return visit.network(key.slice(0, key.indexOf("/")), parsePrefix(key)!.bits);
    case "domain":
      return visitDomain(key, visit);
    case "url":
      return visitUrl(key, visit);
    default:
      visit.text(key);
  }
}

function visitDomain(domain: string, visit: TermVisitor): void {
  visit.text(domain);
  visitScript(domain, "", visit);
}

/** A name may stand in its own script and end in bytes that don't show it. */
function visitScript(domain: string, before: string, visit: TermVisitor): void {
  for (const spelling of spellingsInScript(domain)) visit.end(before + spelling);
}

/**
 * A URL stands whole in one field, or as host and path in two. In the first case
 * the kernel canonicalises all that end like it; in the second the path is
 * looked for where it is telling, else the host.
 */
function visitUrl(key: string, visit: TermVisitor): void {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//.exec(key)?.[0] ?? "";
  const slash = key.indexOf("/", scheme.length);
  const authority = key.slice(scheme.length, slash);
  const path = key.slice(slash);
  visit.text(key);
  visit.end(path);
  // Of an empty path the slash may be missing.
  if (/^\/([?#]|$)/.test(path)) visit.end(path.slice(1) || `/${authority}`);
  if (path === "/") visitScript(authority, "/", visit);
  if (scheme !== "" || authority.includes("@")) return;
  if (path.length >= TELLING_PATH) visit.text(path);
  else visitHost(authority, visit);
}

function visitHost(authority: string, visit: TermVisitor): void {
  if (authority.startsWith("[")) {
    visit.network(authority.slice(1, authority.indexOf("]")), 128);
  } else {
    visitDomain(authority.replace(/:[0-9]+$/, ""), visit);
  }
}
