import type { ObservableKind } from "../../match/observable.ts";
import { namedPredicates } from "./named_forms.ts";
import {
  type FormContext,
  inBothCases,
  list,
  lists,
  mailboxesOf,
  quote,
  subdomainsIn,
  withColons,
} from "./predicates.ts";
import { commonHosts, partsOf, specialPaths, type UrlParts } from "./url_parts.ts";
import { spellingsOf, type Unit } from "./units.ts";

/**
 * How values are asked for: the query forms that the recordings of a real node
 * (VAST 2021.05.27) show to be fast and to find what is there. Members of one
 * list are of one kind always, since a mixed list silently finds nothing, and so
 * does a list of subnets. `docs/vast.md` tells the reasons.
 *
 * Few values are asked for in recorded forms alone. For many, the one that reaches
 * every field (`:string in […]`) would take too long, so fields are named as well;
 * `trust.ts` tells how that is kept in check.
 */

/** In which forms texts are looked for: all `plain` ones were recorded, `named` ones bear many values. */
export type Style = "plain" | "named";

/** Up to so many texts `:string in […]` costs little: it looks into each field of each layout. */
const PLAIN_TEXTS = 100;

/**
 * Whether each row of an answer is a hit of its unit, so that VAST itself may
 * count to the limit of events.
 */
export function isExact({ kind }: Unit): boolean {
  return kind !== "url" && kind !== "email";
}

/** What a unit weighs: one member of a list is 1, a predicate of its own far more. */
export function weightOf(unit: Unit, context: FormContext): number {
  if (unit.kind === "cidr") return 50;
  return unit.kind === "domain" && context.subdomains ? 50 : 1;
}

/** The forms for so many values. */
export function styleFor(units: readonly Unit[]): Style {
  return units.filter(({ kind }) => kind !== "cidr").length > PLAIN_TEXTS ? "named" : "plain";
}

/** The predicates for some units in scalar fields; none if no form reaches them. */
export function scalarPredicates(
  units: readonly Unit[],
  context: FormContext,
  style: Style,
): string[] {
  const of = (...kinds: ObservableKind[]) => units.filter(({ kind }) => kinds.includes(kind));
  const domains = of("domain");
  const urls = of("url").map(partsOf);
  return [
    ...list(":addr", of("ipv4", "ipv6").map(({ value }) => value)),
    ...of("cidr").map(({ value }) => `:addr in ${value}`),
    ...lists(DOMAIN_CONCEPTS, domains.flatMap(spellingsOf).map(quote)),
    ...(context.subdomains ? subdomainsIn(DOMAIN_CONCEPTS, domains) : []),
    ...urlConcepts(urls),
    ...(style === "plain" ? anyText(units, urls) : namedPredicates(of, urls, context)),
  ];
}

const DOMAIN_CONCEPTS = ["net.domain", "net.hostname"];

/**
 * The concept holds paths, at proxies whole URLs, and referrers. The host is
 * checked here; of paths that many hosts have, all rows of the host are read.
 */
function urlConcepts(urls: readonly UrlParts[]): string[] {
  const texts = [...specialPaths(urls), ...urls.flatMap(({ whole }) => whole)];
  return [
    ...list("net.uri", texts.map(quote)),
    ...list("net.hostname", commonHosts(urls).map(quote)),
  ];
}

/** All texts in one list, for the fields of every schema. */
function anyText(units: readonly Unit[], urls: readonly UrlParts[]): string[] {
  const texts = units.flatMap((unit) => {
    const { kind, value } = unit;
    switch (kind) {
      case "url":
      case "cidr":
        return [];
      case "email":
        return mailboxesOf(unit);
      case "md5":
      case "sha256":
      case "sha512":
        return inBothCases(value);
      case "sha1":
        return [...inBothCases(value), withColons(value)];
      default:
        return spellingsOf(unit);
    }
  });
  const whole = urls.flatMap(({ whole, other }) => [...whole, ...other]);
  return list(":string", [...texts, ...specialPaths(urls), ...whole].map(quote));
}
