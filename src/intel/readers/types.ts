/** The many names of kinds in feeds: MISP attribute types, CSV columns of abuse.ch, OTX and others. */
import type { ObservableKind } from "../../match/observable.ts";

/** What a name stands for: one kind, or several of which the value tells. */
export type NamedType = ObservableKind | "inferred";

const KINDS: readonly [RegExp, NamedType][] = [
  [
    /^(ip|ipv?4|ipv?6|ip(v[46])?addr(ess)?|ipsrc|ipdst|srcip|dstip|destip|addr|address|cidr|netblock|subnet|network|ipport|ipcidr|ipv4cidr|ipv6cidr)$/,
    "inferred",
  ],
  [/^(domain|domainname|hostname|host|fqdn|hostnameport|domainport)$/, "domain"],
  [/^(url|uri|link)$/, "url"],
  [
    /^(email|emailaddr(ess)?|emailsrc|emaildst|emailreplyto|targetemail|whoisregistrantemail|mail|sender|dnssoaemail)$/,
    "email",
  ],
  [
    /^(md5|filehashmd5|hashmd5|md5hash|filemd5|x509fingerprintmd5|ja3|ja3s?hash|ja3s?md5|ja3fingerprintmd5)$/,
    "md5",
  ],
  [/^(sha1|filehashsha1|hashsha1|sha1hash|filesha1|x509fingerprintsha1|sslcertsha1)$/, "sha1"],
  [/^(sha256|filehashsha256|hashsha256|sha256hash|filesha256|x509fingerprintsha256)$/, "sha256"],
  [/^(sha512|filehashsha512|hashsha512|sha512hash|filesha512)$/, "sha512"],
  [/^(hash|filehash|certhash)$/, "inferred"],
];

/** What the name of a type or column stands for; undefined if it is not looked for. */
export function typeNamed(name: string): NamedType | undefined {
  // Zeek's `Intel::DOMAIN`.
  const plain = plainName(name.replace(/^Intel::/i, ""));
  return KINDS.find(([names]) => names.test(plain))?.[1];
}

/** A name without case, spaces and punctuation, as `SHA-256` and `sha256` are one. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/** Kinds whose values may turn out to be another: a `url` column with bare domains, a `domain` with addresses. */
export function kindFor(type: NamedType): ObservableKind | undefined {
  return type === "inferred" || type === "url" || type === "domain" ? undefined : type;
}
