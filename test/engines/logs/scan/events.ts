/** Random IoCs, and events that hold them in every spelling that counts. */
import { domainToASCII } from "node:url";
import fc from "fast-check";
import { canonical } from "../../../../src/match/canonical.ts";
import { createIocSet } from "../../../../src/match/ioc_set.ts";
import type { Observable } from "../../../../src/match/observable.ts";
import type { IocSet } from "../../../../src/match/set.ts";
import type { JsonValue } from "../../../../src/json.ts";

const label = fc.oneof(
  fc.constantFrom("evil", "a", "x1", "bücher", "例え", "a-very-long-label-of-a-domain", "_dmarc"),
  fc.string({ unit: fc.constantFrom(..."abcxyz019-"), minLength: 1, maxLength: 12 }),
);
const domain = fc.tuple(
  fc.array(label, { minLength: 1, maxLength: 3 }),
  fc.constantFrom("com", "net", "co.uk", "museum", "рф", "xn--p1ai"),
).map(([labels, tld]) => `${labels.join(".")}.${tld}`);
/** Short ones, as networks of one's own have. */
const tiny = fc.constantFrom("a", "de", "lan", "t.co", "x.de", "übersetzungsdienst.рф");
const octet = fc.oneof(fc.constantFrom(0, 1, 10, 255), fc.nat(255));
const ipv4 = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join("."));
const groups = fc.array(fc.oneof(fc.constantFrom(0, 0, 0, 1, 0xdb8, 0x2001), fc.nat(0xffff)), {
  minLength: 8,
  maxLength: 8,
});
const ipv6 = groups.chain((parts) =>
  fc.constantFrom(
    parts.map((part) => part.toString(16)).join(":"),
    parts.map((part) => part.toString(16).padStart(4, "0")).join(":"),
    parts.map((part) => part.toString(16).toUpperCase()).join(":"),
    canonical("ipv6", parts.map((part) => part.toString(16)).join(":")) ?? "::1",
    parts.map((part) => part.toString(16)).join(":").replace(/(^|:)0(:0)*(:|$)/, "::"),
  )
);
const mapped = ipv4.chain((address) =>
  fc.constantFrom(`::ffff:${address}`, `0:0:0:0:0:FFFF:${address}`, `::FFFF:${hexPairs(address)}`)
);
const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: length, maxLength: length });
const hash = fc.constantFrom(32, 40, 64, 128).chain(hex);
const path = fc.oneof(
  fc.constantFrom("", "/", "/a", "/index.html", "/?q=1", "?q=1", "#top", "/a/b?c=/d#e"),
  fc.constantFrom(
    "/a/long/path/to/something.php?with=query",
    "/ünïcode/päth",
    "/Path/With/CASE.exe",
    "/search?q=two words",
    "/a b@c,d;e <f>",
    '/say"cheese"',
    '/a/long/path/to/"x',
    "/back\\slash",
  ),
  fc.string({ unit: fc.constantFrom(..."abAB01./?=&%- @,;:"), maxLength: 24 }).map((text) =>
    `/${text}`
  ),
);
const port = fc.constantFrom("", "", "", ":80", ":443", ":8080", ":", ":00080", ":65535");
const scheme = fc.constantFrom("http://", "https://", "HTTP://", "ftp://", "");
const host = fc.oneof({ weight: 3, arbitrary: domain }, ipv4, ipv6.map((text) => `[${text}]`));
const user = fc.constantFrom("", "", "", "user@", "User:pw@");
const url = fc.tuple(scheme, user, host, port, path).map((parts) => parts.join(""));
const email = fc.tuple(fc.constantFrom("bob", "Eve.X", "a+b", "jürgen"), domain).map((parts) =>
  parts.join("@")
);

function hexPairs(address: string): string {
  const [a, b, c, d] = address.split(".").map(Number) as [number, number, number, number];
  return `${(a << 8 | b).toString(16)}:${(c << 8 | d).toString(16)}`;
}

/** A text that is an IoC of some kind, in some spelling. */
const spelling = fc.oneof(
  domain.map((text) => ["domain", text] as const),
  tiny.map((text) => ["domain", text] as const),
  ipv4.map((text) => ["ipv4", text] as const),
  mapped.map((text) => ["ipv4", text] as const),
  ipv6.map((text) => ["ipv6", text] as const),
  fc.tuple(ipv4, fc.integer({ min: 0, max: 32 })).map((it) => ["cidr", it.join("/")] as const),
  fc.tuple(ipv6, fc.integer({ min: 0, max: 128 })).map((it) => ["cidr", it.join("/")] as const),
  hash.map((text) => [hashKind(text), text] as const),
  url.map((text) => ["url", text] as const),
  email.map((text) => ["email", text] as const),
);

function hashKind(text: string): "md5" | "sha1" | "sha256" | "sha512" {
  const kinds = { 32: "md5", 40: "sha1", 64: "sha256", 128: "sha512" } as const;
  return kinds[text.length as keyof typeof kinds];
}

/** Kinds with a text that must stand in the line: the kernel seeks it, unless there are many. */
const fewKinds = spelling.filter(([kind]) => kind !== "ipv6" && kind !== "cidr");

/** Texts that make IoCs, and the set of those that are. */
export const iocTexts = fc.oneof(
  fc.array(spelling, { minLength: 1, maxLength: 8 }),
  fc.array(fewKinds, { minLength: 1, maxLength: 4 }),
  fc.array(fewKinds, { minLength: 1, maxLength: 1 }),
);

export function setOf(
  texts: readonly (readonly [Observable["kind"], string])[],
  subdomains: boolean,
): IocSet {
  const iocs = createIocSet({ subdomains });
  for (const [handle, [kind, text]] of texts.entries()) {
    const value = canonical(kind, text);
    if (value !== undefined) iocs.add({ kind, value }, handle);
  }
  return iocs;
}

/** Ways in which a log may write a text that is an IoC, or nearly one. */
const dress: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => text.toUpperCase(),
  (text) => `${text}.`,
  (text) => `${text}:8080`,
  (text) => `${text}:`,
  (text) => `${text}.:443`,
  (text) => `www.${text}`,
  (text) => `sub.domain.${text}:53`,
  (text) => `[${text}]`,
  (text) => `[${text}]:80`,
  (text) => `<${text}>`,
  (text) => `"Doe, Jane" <${text}>, other@example.com`,
  (text) => `x${text}`,
  (text) => `${text}x`,
  (text) => `http://${text}`,
  (text) => `${text}/`,
  (text) => `::ffff:${text}`,
  (text) => text.replace(/(..)(?=.)/g, "$1:"),
  (text) => text.replace(/\/[0-9]+$/, ""),
  (text) => text.replace(/^https?:\/\//i, ""),
  (text) => text.normalize("NFD"),
  // Labels of a domain, some in their own script, some not.
  (text) => text.replace(/[^.]+$/, (label) => domainToASCII(label) || label),
  (text) => text.replace(/^[^.]+/, (label) => domainToASCII(label) || label),
  (text) => text.replaceAll(".", "。"),
  (text) => `${"padding ".repeat(5)}${text}`,
];

const noise = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc.constantFrom(
    'a "quoted", b',
    "back\\slash\\",
    "tab\there",
    "2026-03-01T00:00:00.616902+0000",
    "/",
  ),
);

/** A text in an event, one of `texts` in some dress, or noise. */
export function textIn(texts: readonly (readonly [string, string])[]): fc.Arbitrary<string> {
  const plain = texts.map(([, text]) => text);
  return fc.oneof(
    { weight: 1, arbitrary: noise },
    {
      weight: 2,
      arbitrary: fc.tuple(fc.constantFrom(...plain), fc.constantFrom(...dress)).map(([text, put]) =>
        put(text)
      ),
    },
  );
}

/** Host and path of a URL as Suricata and Zeek write them, in two fields. */
function splitUrl(texts: readonly (readonly [string, string])[]): fc.Arbitrary<JsonValue> {
  const urls = texts.map(([, text]) => /^(?:[a-z]+:\/\/)?([^/?#]*)(.*)$/i.exec(text)!);
  return fc.tuple(fc.constantFrom(...urls), fc.constantFrom(...dress.slice(0, 6)), fc.boolean())
    .map(([[, host, rest], put, zeek]) => {
      const target = rest === "" ? "/" : rest!;
      return zeek ? { host: put(host!), uri: target } : { hostname: put(host!), url: target };
    });
}

/** An event as an object. */
export function eventWith(
  texts: readonly (readonly [string, string])[],
): fc.Arbitrary<Record<string, JsonValue>> {
  const text = textIn(texts);
  return fc.record({
    src_ip: text,
    flow_id: fc.nat(),
    dest_port: fc.constantFrom(80, 8080, 53),
    list: fc.array(text, { maxLength: 3 }),
    http: splitUrl(texts),
    nested: fc.record({ deep: fc.oneof(text, fc.constant(null), fc.boolean()) }),
  }, { noNullPrototype: true });
}

/** Ways to write a string in JSON: any character may be escaped. */
export type Spell = (text: string, seed: number) => string;

const SPELLS: readonly Spell[] = [
  (text) => JSON.stringify(text),
  (text) => JSON.stringify(text).replaceAll("/", "\\/"),
  (text, seed) => {
    let n = seed;
    let out = "";
    for (let i = 0; i < text.length; i++) {
      n = (n * 1103515245 + 12345) >>> 0;
      const unit = text.charCodeAt(i);
      out += (n >>> 16) % 5 === 0
        ? `\\u${unit.toString(16).padStart(4, "0")}`
        : JSON.stringify(text[i]!).slice(1, -1);
    }
    return `"${out}"`;
  },
];

/** Writes an event as a line of JSON, compact or with spaces, with escapes as they come. */
export function jsonLine(event: JsonValue, spell: number, seed: number): string {
  const space = seed % 3 === 0 ? " " : "";
  const write = (value: JsonValue): string => {
    if (typeof value === "string") return SPELLS[spell % SPELLS.length]!(value, seed);
    if (Array.isArray(value)) return `[${value.map(write).join(`,${space}`)}${space}]`;
    if (typeof value !== "object" || value === null) return JSON.stringify(value);
    const members = Object.entries(value).map(([key, member]) =>
      `${JSON.stringify(key)}:${space}${write(member)}`
    );
    return `{${members.join(`${space},`)}${space}}`;
  };
  return write(event);
}
