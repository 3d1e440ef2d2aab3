/**
 * The rules of equality, all in one place: which texts are spellings of which
 * observable. `docs/matching.md` states them for people; the scan kernel relies
 * on them, so a change here is a change there.
 */
import { formatAddress, formatPrefix, parseAddress, parsePrefix } from "./address.ts";
import type { ObservableKind } from "./observable.ts";

/** Hexadecimal digits of each kind of hash. */
const HASH_DIGITS = { md5: 32, sha1: 40, sha256: 64, sha512: 128 } as const;

/** One kind of hash. */
export type HashKind = keyof typeof HASH_DIGITS;

/**
 * The canonical form of `text` read as `kind`; undefined if it is no spelling of
 * one. Takes neither defanged text (see `refang`) nor surrounding space.
 */
export function canonical(kind: ObservableKind, text: string): string | undefined {
  switch (kind) {
    case "ipv4":
    case "ipv6": {
      const groups = parseAddress(text);
      const family = groups?.length === 2 ? "ipv4" : "ipv6";
      return groups !== undefined && family === kind ? formatAddress(groups) : undefined;
    }
    case "cidr": {
      const prefix = parsePrefix(text);
      return prefix && formatPrefix(prefix);
    }
    case "domain":
      return canonicalDomain(text);
    case "url":
      return canonicalUrl(text);
    case "email":
      return canonicalEmail(text);
    default: {
      const hash = canonicalHash(text);
      return hash?.length === HASH_DIGITS[kind] ? hash : undefined;
    }
  }
}

/** The kind that a text looks like; undefined if it looks like none. */
export function inferKind(text: string): ObservableKind | undefined {
  const groups = parseAddress(text);
  if (groups !== undefined) return groups.length === 2 ? "ipv4" : "ipv6";
  if (parsePrefix(text) !== undefined) return "cidr";
  // `10.0.0.0/33` is a slip of the pen, not a URL.
  if (/^[0-9a-f.:]+\/[0-9]{1,3}$/i.test(text)) return undefined;
  const hash = canonicalHash(text);
  if (hash !== undefined) return hashKind(hash);
  if (canonicalEmail(text) !== undefined) return "email";
  // Without a scheme, what follows a space is more likely a remark.
  const prose = /\s/.test(text) && !text.includes("://");
  if (!prose && canonicalUrl(text) !== undefined) return "url";
  const domain = canonicalDomain(text);
  return domain !== undefined && hasTopLevelDomain(domain) ? "domain" : undefined;
}

/** The kind of a canonical hash, told from its length. */
export function hashKind(hash: string): HashKind | undefined {
  for (const kind of Object.keys(HASH_DIGITS) as HashKind[]) {
    if (hash.length === HASH_DIGITS[kind]) return kind;
  }
  return undefined;
}

/** Lower-case hexadecimal of a known length; colons between bytes (certificate fingerprints) go. */
export function canonicalHash(text: string): string | undefined {
  if (text.length < 32 || text.length > 191) return undefined;
  const digits = text.charCodeAt(2) === 0x3a && /^[0-9a-f]{2}(:[0-9a-f]{2})*$/i.test(text)
    ? text.replaceAll(":", "")
    : text;
  if (hashKind(digits) === undefined || !/^[0-9a-f]+$/i.test(digits)) return undefined;
  return digits.toLowerCase();
}

/**
 * Lower case, without the trailing dot, internationalised labels as A-labels
 * (UTS 46, as in browsers). Labels are letters, digits, `-` and `_`; addresses
 * are no domains. A single label is one.
 */
export function canonicalDomain(text: string): string | undefined {
  if (text.length === 0 || text.length > 1024) return undefined;
  let domain = text.toLowerCase();
  // deno-lint-ignore no-control-regex
  if (/[^\x00-\x7f]/.test(domain)) {
    const ascii = domainToAscii(domain);
    if (ascii === undefined) return undefined;
    domain = ascii;
  }
  if (domain.endsWith(".")) domain = domain.slice(0, -1);
  if (domain.length > 253 || !/^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/.test(domain)) {
    return undefined;
  }
  // The last label of an address is a number; that of a domain never is (RFC 3696, section 2).
  return /(^|\.)[0-9]+$/.test(domain) ? undefined : domain;
}

/** The A-label form of a domain with characters beyond ASCII. */
function domainToAscii(domain: string): string | undefined {
  // The URL parser would end the host at these, or decode them.
  if (/[\s/?#@:\\%[\]]/.test(domain)) return undefined;
  const url = URL.parse(`http://${domain}`);
  return url === null ? undefined : url.hostname;
}

/** Whether a canonical domain can be told from any other word: two labels, the last one letters. */
function hasTopLevelDomain(domain: string): boolean {
  return /\.([a-z]{2,63}|xn--[a-z0-9-]+)$/.test(domain);
}

/** Lower case as a whole (no provider tells cases apart); the domain as in `canonicalDomain`. */
export function canonicalEmail(text: string): string | undefined {
  const at = text.lastIndexOf("@");
  if (at < 1 || at > 64 || text.length > 1024) return undefined;
  const local = text.slice(0, at);
  if (/[\s@<>()[\],;:"\\/]/.test(local)) return undefined;
  const domain = canonicalDomain(text.slice(at + 1));
  return domain === undefined ? undefined : `${local.toLowerCase()}@${domain}`;
}

/**
 * Scheme and host in lower case, host as in `canonicalHost`, no port 80 or 443,
 * `/` for an empty path; path, query and fragment are kept as they stand (clients do send spaces). The
 * scheme may be missing if the host has a dot or is an address and a `/` follows.
 */
export function canonicalUrl(text: string): string | undefined {
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x1f\x7f]/.test(text)) return undefined;
  const scheme = /^[a-z][a-z0-9+.-]{0,31}:\/\//i.exec(text)?.[0] ?? "";
  let end = text.slice(scheme.length).search(/[/?#]/);
  if (end < 0 && scheme === "") return undefined;
  end = end < 0 ? text.length : scheme.length + end;
  if (scheme === "" && text[end] !== "/") return undefined;
  const authority = canonicalAuthority(text.slice(scheme.length, end), scheme !== "");
  if (authority === undefined) return undefined;
  const rest = text[end] === "/" ? text.slice(end) : `/${text.slice(end)}`;
  return scheme.toLowerCase() + authority + rest;
}

/** `userinfo@host:port` in canonical form; user and single-label hosts only where a scheme stands before. */
function canonicalAuthority(text: string, scheme: boolean): string | undefined {
  const at = text.lastIndexOf("@");
  if (at >= 0 && !scheme) return undefined;
  const split = splitPort(text.slice(at + 1));
  const host = split && canonicalHost(split.host);
  if (host === undefined || (!scheme && !/[.\]]/.test(host))) return undefined;
  const port = split!.port;
  const shown = port === undefined || port === 80 || port === 443 ? "" : `:${port}`;
  return text.slice(0, at + 1) + host + shown;
}

/** A host as URLs have it: a domain, an IPv4 address or `[IPv6]`, canonical. */
export function canonicalHost(text: string): string | undefined {
  if (!text.startsWith("[")) {
    const groups = text.includes(":") ? undefined : parseAddress(text);
    return groups === undefined ? canonicalDomain(text) : formatAddress(groups);
  }
  const groups = text.endsWith("]") ? parseAddress(text.slice(1, -1)) : undefined;
  if (groups === undefined) return undefined;
  return groups.length === 2 ? formatAddress(groups) : `[${formatAddress(groups)}]`;
}

/** Splits `host:port` and `[v6]:port`; undefined if what follows the colon is no port. */
export function splitPort(text: string): { host: string; port: number | undefined } | undefined {
  const colon = text.lastIndexOf(":");
  if (colon < 0 || text.endsWith("]")) return { host: text, port: undefined };
  const digits = text.slice(colon + 1);
  if (!/^[0-9]{0,5}$/.test(digits) || Number(digits) > 65535) return undefined;
  return { host: text.slice(0, colon), port: digits === "" ? undefined : Number(digits) };
}

/**
 * What is compared: the canonical form, for web addresses without the scheme, as
 * logs of HTTP seldom tell `http` from `https`.
 */
export function matchKey(kind: ObservableKind, value: string): string {
  const skip = keyStart(kind, value);
  return skip === 0 ? value : value.slice(skip);
}

/** Where in a canonical value its key begins. */
export function keyStart(kind: ObservableKind, value: string): number {
  if (kind !== "url") return 0;
  return SCHEMES.find((scheme) => value.startsWith(scheme))?.length ?? 0;
}

/** The same of a URL in UTF-8: how many of its bytes are no key. */
export function urlKeySkip(bytes: Uint8Array, start: number, end: number): number {
  for (const scheme of SCHEMES) {
    let at = 0;
    while (at < scheme.length && bytes[start + at] === scheme.charCodeAt(at)) at++;
    if (at === scheme.length && start + at <= end) return at;
  }
  return 0;
}

const SCHEMES = ["http://", "https://"];
