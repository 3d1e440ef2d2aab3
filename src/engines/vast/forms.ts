import type { ObservableKind } from "../../match/observable.ts";
import type { Unit } from "./units.ts";

/**
 * How values are asked for: the query forms that the recordings of a real node
 * (VAST 2021.05.27) show to be fast and to find what is there. Members of one
 * list are of one kind always, since a mixed list silently finds nothing, and so
 * does a list of subnets. `docs/vast.md` tells the reasons.
 */

/** Layouts that a node has, with their number of events; undefined if it does not tell. */
export type Layouts = ReadonlyMap<string, number> | undefined;

/** What the forms depend on besides the values. */
export interface FormContext {
  readonly layouts: Layouts;
  /** Domains stand for their subdomains too. */
  readonly subdomains: boolean;
}

/** Paths so short that many hosts have them are asked for together with the host. */
const COMMON_PATH = 16;

/** A text as VAST's query language writes it. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** Whether a value can stand in a query at all: raw control characters are parse errors. */
export function isAskable(text: string): boolean {
  // deno-lint-ignore no-control-regex
  return text !== "" && !/[\x00-\x1f\x7f]/.test(text);
}

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

/** The query for some units in scalar fields; empty if no form reaches them. */
export function scalarPredicates(units: readonly Unit[], context: FormContext): string[] {
  const of = (...kinds: ObservableKind[]) => units.filter(({ kind }) => kinds.includes(kind));
  return [
    ...addresses(of("ipv4", "ipv6"), context),
    ...of("cidr").map(({ value }) => `:addr in ${value}`),
    ...domains(of("domain"), context),
    ...urls(of("url"), context),
    ...(["md5", "sha1", "sha256", "sha512"] as const).flatMap((kind) =>
      hashes(kind, of(kind), context)
    ),
  ];
}

const has = ({ layouts }: FormContext, layout: string) => layouts?.has(layout) ?? true;

function list(field: string, members: Iterable<string>): string[] {
  const unique = [...new Set(members)];
  return unique.length === 0 ? [] : [`${field} in [${unique.join(", ")}]`];
}

function addresses(units: readonly Unit[], context: FormContext): string[] {
  const texts = units.map(({ value }) => quote(value));
  return [
    ...list(":addr", units.map(({ value }) => value)),
    ...(has(context, "suricata.dns") ? list("suricata.dns.dns.rdata", texts) : []),
  ];
}

/** The concepts miss TLS SNI (they name a wrong field), answers of DNS and names said in mail. */
function domains(units: readonly Unit[], context: FormContext): string[] {
  const fields = ["net.domain", "net.hostname"];
  if (has(context, "suricata.tls")) fields.push("suricata.tls.tls.sni");
  if (has(context, "suricata.dns")) fields.push("suricata.dns.dns.rdata");
  if (has(context, "zeek.smtp")) fields.push("zeek.smtp.helo");
  if (has(context, "suricata.smtp")) fields.push("suricata.smtp.smtp.helo");
  const texts = units.flatMap(({ value, spellings }) => [value, ...spellings].map(quote));
  const inside = context.subdomains
    ? units.flatMap(({ value }) => fields.map((field) => `${quote(`.${value}`)} in ${field}`))
    : [];
  return [...fields.flatMap((field) => list(field, texts)), ...inside];
}

/** Where hashes stand that the concepts miss. */
const HASH_FIELDS: readonly (readonly [layout: string, field: string, kind: ObservableKind])[] = [
  ...(["md5", "sha1", "sha256"] as const).map((kind) =>
    ["zeek.files", `zeek.files.${kind}`, kind] as const
  ),
  ["zeek.http", "zeek.http.md5", "md5"],
  ["zeek.ssl", "zeek.ssl.ja3", "md5"],
  ["suricata.tls", "suricata.tls.tls.ja3.hash", "md5"],
  ["suricata.tls", "suricata.tls.tls.ja3s.hash", "md5"],
];

/** Hashes stand in logs in lower case or upper case; fingerprints of certificates with colons. */
function hashes(kind: ObservableKind, units: readonly Unit[], context: FormContext): string[] {
  const texts = units.flatMap(({ value }) => [value, value.toUpperCase()].map(quote));
  const known = HASH_FIELDS.filter(([layout, , held]) => held === kind && has(context, layout));
  const concept = kind === "sha512" ? "sha512" : `file.hash.${kind}`;
  const prints = kind === "sha1" && has(context, "suricata.tls")
    ? list("suricata.tls.tls.fingerprint", units.map(({ value }) => quote(withColons(value))))
    : [];
  const fields = [concept, ...known.map(([, field]) => field)];
  return [...fields.flatMap((field) => list(field, texts)), ...prints];
}

function withColons(hash: string): string {
  return hash.match(/../g)!.join(":");
}

/** A URL in its parts, as logs hold them. */
interface UrlParts {
  /** As it is spelled. */
  readonly whole: readonly string[];
  /** With the other scheme of the web: logs of HTTP seldom tell which it was. */
  readonly other: readonly string[];
  readonly hosts: readonly string[];
  readonly path: string;
}

function partsOf({ value, spellings }: Unit): UrlParts {
  const [, scheme = "", authority = "", path = "/"] =
    /^([a-z][a-z0-9+.-]*:\/\/)?([^/?#]*)(.*)$/s.exec(value) ?? [];
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  const rest = `${authority}${path}`;
  const others: Record<string, string> = {
    "": "https://",
    "http://": "https://",
    "https://": "http://",
  };
  const other = others[scheme];
  return {
    whole: [(scheme || "http://") + rest, ...spellings],
    other: other === undefined ? [] : [other + rest],
    hosts: [host, host.replace(/:\d+$/, "")],
    path,
  };
}

/**
 * The concept holds paths, at proxies whole URLs, and referrers. The host is
 * checked here, save for paths that many hosts have.
 */
function urls(units: readonly Unit[], context: FormContext): string[] {
  const parts = units.map(partsOf);
  const common = parts.filter(({ path }) => path.length <= COMMON_PATH && !path.includes("?"));
  const special = parts.filter((part) => !common.includes(part)).map(({ path }) => quote(path));
  const whole = parts.flatMap(({ whole }) => whole.map(quote));
  const other = parts.flatMap(({ other }) => other.map(quote));
  const fields = ["net.uri"];
  if (has(context, "suricata.fileinfo")) fields.push("suricata.fileinfo.http.url");
  const hosts = list("net.hostname", common.flatMap(({ hosts }) => hosts.map(quote)));
  const paths = common.map(({ path }) => quote(path));
  return [
    ...list("net.uri", [...special, ...whole]),
    ...fields.slice(1).flatMap((field) => list(field, special)),
    ...(has(context, "zeek.http") ? list("zeek.http.referrer", other) : []),
    ...(has(context, "suricata.http")
      ? list("suricata.http.http.http_refer", [...whole, ...other])
      : []),
    ...hosts.flatMap((host) =>
      fields.flatMap((field) => list(field, paths)).map((path) => `(${host} && ${path})`)
    ),
  ];
}
