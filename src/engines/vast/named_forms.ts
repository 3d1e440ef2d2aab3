import type { ObservableKind } from "../../match/observable.ts";
import {
  type FormContext,
  inBothCases,
  layoutOf,
  lists,
  quote,
  subdomainsIn,
  withColons,
} from "./predicates.ts";
import { spellingsOf, type Unit } from "./units.ts";
import { specialPaths, type UrlParts } from "./url_parts.ts";

/** Fields that the concepts miss, by name, for more values than `:string in […]` bears. */

/** TLS SNI (its concept names a wrong field), answers of DNS and names said in mail. */
const NAMES = [
  "suricata.tls.tls.sni",
  "suricata.dns.dns.rdata",
  "zeek.smtp.helo",
  "suricata.smtp.smtp.helo",
];

/** Besides the concepts `file.hash.…`. */
const HASHES: Readonly<Record<"md5" | "sha1" | "sha256" | "sha512", readonly string[]>> = {
  md5: [
    "zeek.files.md5",
    "zeek.http.md5",
    "zeek.ssl.ja3",
    "suricata.tls.tls.ja3.hash",
    "suricata.tls.tls.ja3s.hash",
  ],
  sha1: ["zeek.files.sha1"],
  sha256: ["zeek.files.sha256"],
  sha512: [],
};

/** The predicates for the units of each kind in such fields of the layouts that the node has. */
export function namedPredicates(
  of: (...kinds: ObservableKind[]) => readonly Unit[],
  urls: readonly UrlParts[],
  context: FormContext,
): string[] {
  const { layouts, subdomains } = context;
  const present = (fields: readonly string[]) =>
    fields.filter((field) => layouts?.has(layoutOf(field)) ?? true);
  const inside = subdomains ? subdomainsIn(present(NAMES), of("domain")) : [];
  const whole = urls.flatMap(({ whole, other }) => [...whole, ...other]);
  const prints = of("sha1").map(({ value }) => withColons(value));
  return [
    ...lists(
      present(["suricata.dns.dns.rdata"]),
      of("ipv4", "ipv6").map(({ value }) => quote(value)),
    ),
    ...lists(present(NAMES), of("domain").flatMap(spellingsOf).map(quote)),
    ...inside,
    ...lists(present(["suricata.fileinfo.http.url"]), specialPaths(urls).map(quote)),
    ...lists(present(["zeek.http.referrer"]), urls.flatMap(({ other }) => other.map(quote))),
    ...lists(present(["suricata.http.http.http_refer"]), whole.map(quote)),
    ...(["md5", "sha1", "sha256", "sha512"] as const).flatMap((kind) =>
      lists(
        [kind === "sha512" ? "sha512" : `file.hash.${kind}`, ...present(HASHES[kind])],
        of(kind).flatMap(({ value }) => inBothCases(value)).map(quote),
      )
    ),
    ...lists(present(["suricata.tls.tls.fingerprint"]), prints.map(quote)),
  ];
}
