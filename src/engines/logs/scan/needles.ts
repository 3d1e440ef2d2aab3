/**
 * What a line must have in it to hold an IoC of a small set, whatever its spelling:
 * texts that the kernel finds faster than it finds the ends of values. A line with
 * escapes or bytes beyond ASCII is looked at anyway, so only spellings in plain ASCII count.
 */
import type { ObservableKind } from "../../../match/observable.ts";

/** With more texts than these, looking at each value is faster. */
export const MOST_NEEDLES = 6;

/** Bytes of a needle and where its parts are; `assembly/seek.ts` reads it. */
const NEEDLE_BYTES = 64;
const TEXT_AT = 16;
const LONGEST = 32;

/** An address in IPv6 may be written with hexadecimal digits, but has this before it. */
const MAPPED = ":ffff:";

/** Shorter texts stand in too many lines. */
const SHORTEST = 3;

/** Characters as logs have them, those seen often first; all folded. */
const COMMON = '":t0e,1rspo a2i3.cnd654l879fhmu-bgy\x7f{}wv/k+x*=jq|z;()?&';
const RARITY = new Map([...COMMON].map((char, index) => [char, index] as const));

/** One IoC, `key` as `matchKey` gives it. */
export interface NeedleSource {
  readonly kind: ObservableKind;
  readonly key: string;
}

/** The needles of a set as the kernel reads them; undefined if it has no such texts, or too many. */
export function makeNeedles(iocs: Iterable<NeedleSource>): Uint8Array<ArrayBuffer> | undefined {
  const texts = new Set<string>();
  for (const { kind, key } of iocs) {
    const found = textsOf(kind, key);
    if (found === undefined || found.some((text) => text.length < SHORTEST)) return undefined;
    for (const text of found) texts.add(fold(text));
    if (texts.size > MOST_NEEDLES) return undefined;
  }
  const bytes = new Uint8Array(texts.size * NEEDLE_BYTES);
  for (const [i, text] of [...texts].entries()) {
    bytes.set(makeNeedle(text.slice(-LONGEST)), i * NEEDLE_BYTES);
  }
  return bytes;
}

/** How many needles these bytes are. */
export function countNeedles(bytes: Uint8Array | undefined): number {
  return (bytes?.length ?? 0) / NEEDLE_BYTES;
}

/** Texts of which one stands in each line that holds the IoC; undefined if there are none. */
function textsOf(kind: ObservableKind, key: string): readonly string[] | undefined {
  switch (kind) {
    case "domain":
    case "email":
      return [key];
    case "ipv4":
      return [key, MAPPED];
    case "md5":
    case "sha1":
    case "sha256":
    case "sha512":
      return [key, key.slice(0, 32).replace(/..(?=.)/g, "$&:")];
    case "url":
      return textsOfUrl(key);
    default:
      // Addresses and networks of IPv6 have many spellings, networks many addresses.
      return undefined;
  }
}

/** The longest piece of the path, in which a slash may be escaped; else the host. */
function textsOfUrl(key: string): readonly string[] | undefined {
  const [, authority, path] = /^(?:[a-z][a-z0-9+.-]*:\/\/)?([^/]*)(.*)$/s.exec(key)!;
  const pieces = path!.split(/[^\x21\x23-\x2e\x30-\x5b\x5d-\x7e]+/);
  const piece = pieces.reduce((best, piece) => piece.length > best.length ? piece : best);
  const host = authority!.replace(/^.*@/s, "").replace(/:[0-9]+$/, "");
  if (piece.length >= host.length) return [piece];
  if (host.startsWith("[")) return piece.length < SHORTEST ? undefined : [piece];
  return textsOf(/(^|\.)[0-9]+$/.test(host) ? "ipv4" : "domain", host);
}

function fold(text: string): string {
  return String.fromCharCode(...Array.from(text, (char) => char.charCodeAt(0) | 0x20));
}

/** A needle: where in the text its two rarest bytes stand, which they are, and the text. */
function makeNeedle(text: string): Uint8Array<ArrayBuffer> {
  const rarity = (at: number) => RARITY.get(text[at]!) ?? COMMON.length;
  const places = Array.from(text, (_, at) => at).sort((a, b) => rarity(b) - rarity(a));
  const first = Math.min(places[0]!, places[1]!), second = Math.max(places[0]!, places[1]!);
  const bytes = new Uint8Array(NEEDLE_BYTES);
  new DataView(bytes.buffer).setUint32(0, first, true);
  new DataView(bytes.buffer).setUint32(4, text.length, true);
  bytes[8] = text.charCodeAt(first);
  bytes[9] = text.charCodeAt(second);
  bytes[10] = second - first;
  bytes.set(new TextEncoder().encode(text), TEXT_AT);
  return bytes;
}
