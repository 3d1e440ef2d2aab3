/** From a text in an event to the values that it stands for. */
import { formatAddress, formatPrefix, type Groups, maskAddress, parseAddress } from "./address.ts";
import {
  canonicalDomain,
  canonicalEmail,
  canonicalHash,
  canonicalUrl,
  hashKind,
  matchKey,
  splitPort,
} from "./canonical.ts";
import type { Observable, ObservableKind } from "./observable.ts";

/**
 * Takes one value that a text stands for; `inside` is the value that the text is, where
 * the key covers it (the address inside a network, the subdomain).
 */
export type KeyVisitor = (kind: ObservableKind, key: string, inside?: Observable) => void;

/** What of a set decides which keys a text has. */
export interface KeyOptions {
  /** Domains stand for their parent domains too. */
  readonly subdomains: boolean;
  /** Prefix lengths for which an IPv4 or IPv6 address stands. */
  readonly ipv4Prefixes: readonly number[];
  readonly ipv6Prefixes: readonly number[];
}

/** Calls back with every (kind, key) that a whole text is a spelling of. */
export function visitKeys(text: string, options: KeyOptions, visit: KeyVisitor): void {
  if (text.length === 0) return;
  const groups = parseAddress(text);
  if (groups !== undefined) return visitAddress(groups, options, visit);
  const hash = canonicalHash(text);
  if (hash !== undefined) visit(hashKind(hash)!, hash);
  if (text.includes("@")) visitMailboxes(text, visit);
  if (text.includes("/")) {
    // A path names no host.
    const url = text[0] === "/" ? undefined : canonicalUrl(text);
    if (url !== undefined) visit("url", matchKey("url", url));
  } else {
    visitHost(text, options, visit);
  }
}

/** An address stands for itself and for every network around it. */
function visitAddress(groups: Groups, options: KeyOptions, visit: KeyVisitor): void {
  const kind = groups.length === 2 ? "ipv4" : "ipv6";
  const address = { kind, value: formatAddress(groups) } as const;
  visit(kind, address.value);
  for (const bits of kind === "ipv4" ? options.ipv4Prefixes : options.ipv6Prefixes) {
    visit("cidr", formatPrefix({ groups: maskAddress(groups, bits), bits }), address);
  }
}

/** A host with a port (`Host` headers, CONNECT) stands for the host. */
function visitHost(text: string, options: KeyOptions, visit: KeyVisitor): void {
  const split = splitPort(text);
  if (split === undefined) return;
  const bracketed = split.host.startsWith("[") && split.host.endsWith("]");
  const host = bracketed ? split.host.slice(1, -1) : split.host;
  // Without brackets only one colon is left: the one before the port.
  const groups = bracketed === host.includes(":") ? parseAddress(host) : undefined;
  if (groups !== undefined) return visitAddress(groups, options, visit);
  if (bracketed) return;
  const domain = canonicalDomain(host);
  if (domain === undefined) return;
  visit("domain", domain);
  if (!options.subdomains) return;
  const inside = { kind: "domain", value: domain } as const;
  for (let dot = domain.indexOf("."); dot >= 0; dot = domain.indexOf(".", dot + 1)) {
    visit("domain", domain.slice(dot + 1), inside);
  }
}

/** Each mailbox of a list as mail headers have it: `a@b`, `<a@b>`, `Name <a@b>`, commas between. */
function visitMailboxes(text: string, visit: KeyVisitor): void {
  for (const mailbox of splitMailboxes(text)) {
    const address = mailbox.endsWith(">")
      ? mailbox.slice(mailbox.lastIndexOf("<") + 1, -1)
      : mailbox;
    const email = canonicalEmail(address);
    if (email !== undefined) visit("email", email);
  }
}

/** Splits at commas and semicolons outside quotes, trimmed. */
function splitMailboxes(text: string): string[] {
  if (!/[,;]/.test(text)) return [text.trim()];
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (quoted && char === "\\") i++;
    else if (char === '"') quoted = !quoted;
    else if (!quoted && (char === "," || char === ";")) {
      parts.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  parts.push(text.slice(start).trim());
  return parts;
}
