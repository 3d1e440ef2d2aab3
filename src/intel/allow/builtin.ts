/** Values that match almost everything, so that as IoCs they only make noise. */
import {
  type Groups,
  maskAddress,
  parseAddress,
  parsePrefix,
  type Prefix,
} from "../../match/address.ts";
import type { Observable } from "../../match/observable.ts";
import { KIND_NUMBERS } from "../../match/table.ts";
import type { GuardSieve } from "../admission.ts";

/** What the guard takes for noise. */
export interface BuiltinOptions {
  /**
   * Single private addresses and networks inside private ranges too: right for feeds,
   * wrong for a person who hunts for a machine of their own. The ranges as a whole always are.
   */
  readonly privateAddresses: boolean;
  /**
   * Single multicast, reserved and broadcast addresses too, which is the default: noise in
   * feeds, but a list that a person hunts for may well ask about one.
   */
  readonly groupAddresses?: boolean;
}

/** IANA special-purpose registries (RFC 6890), with RFC 6598's shared range. */
const PRIVATE = prefixes([
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "169.254.0.0/16",
  "100.64.0.0/10",
  "fc00::/7",
  "fe80::/10",
]);
/** Never a machine elsewhere: this host and loopback. */
const HERE = prefixes(["0.0.0.0/8", "127.0.0.0/8", "::/128", "::1/128"]);
/** Never a machine alone: multicast, reserved and broadcast. */
const GROUPS = prefixes(["224.0.0.0/4", "240.0.0.0/4", "ff00::/8"]);
/** Shorter prefixes hold too much of the Internet. */
const MIN_BITS = { ipv4: 8, ipv6: 16 };

/** Registries below top-level domains, under which strangers register names; the large ones. */
const SUFFIXES = new Set(
  ("co.uk org.uk ac.uk gov.uk com.au net.au org.au co.nz co.jp ne.jp or.jp co.kr com.br net.br org.br " +
    "com.cn net.cn org.cn com.tw com.hk com.sg com.my co.id co.in com.tr com.ua com.mx com.ar co.za " +
    "co.il com.pl in-addr.arpa ip6.arpa localhost.localdomain").split(" "),
);

/** Why a value matches almost everything; undefined if it does not. */
export function noiseReason(
  { kind, value }: Observable,
  options: BuiltinOptions,
): string | undefined {
  if (kind === "domain") {
    return !value.includes(".") || SUFFIXES.has(value)
      ? "top-level domain or local name"
      : undefined;
  }
  if (kind !== "ipv4" && kind !== "ipv6" && kind !== "cidr") return undefined;
  // Most addresses of a feed are told by their first octet.
  if (kind === "ipv4" && !mayBeNoiseOctet(parseInt(value))) return undefined;
  const groups = parseAddress(value);
  const prefix = groups ? { groups, bits: groups.length * 16 } : parsePrefix(value)!;
  if (prefix.bits < (prefix.groups.length === 2 ? MIN_BITS.ipv4 : MIN_BITS.ipv6)) {
    return "network of a large part of the Internet";
  }
  const single = prefix.bits === prefix.groups.length * 16;
  const nowhere = single && options.groupAddresses === false ? HERE : [...HERE, ...GROUPS];
  if (nowhere.some((range) => overlap(range, prefix))) return "loopback, multicast or reserved";
  const inPrivate = PRIVATE.some((range) =>
    overlap(range, prefix) && (options.privateAddresses || prefix.bits <= range.bits)
  );
  return inPrivate ? "private range" : undefined;
}

/** IPv4 networks whose addresses may be noise. */
const NETWORKS4 = [...PRIVATE, ...HERE, ...GROUPS].filter(({ groups }) => groups.length === 2);
/** First octets of addresses that may be noise. */
const OCTETS = new Set(NETWORKS4.map(({ groups }) => groups[0]! >> 8));

/** Lengths of suffixes with their first bytes, as `length * 256 + byte`. */
const SUFFIX_SHAPES = new Set([...SUFFIXES].map((name) => name.length * 256 + name.charCodeAt(0)));

/** Whether canonical bytes may be noise; false is certain. Looks at few bytes, as lists are long. */
export function mayBeNoise(kind: number, bytes: Uint8Array, start: number, end: number): boolean {
  if (kind === KIND_NUMBERS.domain) {
    return SUFFIX_SHAPES.has((end - start) * 256 + bytes[start]!) || !hasDot(bytes, start, end);
  }
  if (kind !== KIND_NUMBERS.ipv4) return kind === KIND_NUMBERS.ipv6 || kind === KIND_NUMBERS.cidr;
  let octet = 0;
  for (let i = start; i < end && bytes[i] !== 0x2e; i++) octet = octet * 10 + bytes[i]! - 0x30;
  return mayBeNoiseOctet(octet);
}

/** `mayBeNoise` as tables, for values with a dot. */
export function noiseSieve(): GuardSieve {
  const shapes = new Uint32Array(256);
  for (const shape of SUFFIX_SHAPES) shapes[shape & 255]! |= 1 << (shape >> 8);
  const pairs = new Uint8Array(8192);
  for (const { groups: [first], bits } of NETWORKS4) {
    const stop = first! + 2 ** Math.max(0, 16 - bits);
    for (let pair = first!; pair < stop; pair++) pairs[pair >> 3]! |= 1 << (pair & 7);
  }
  return { pairs, shapes };
}

function mayBeNoiseOctet(octet: number): boolean {
  return octet >= 224 || OCTETS.has(octet);
}

function hasDot(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] === 0x2e) return true;
  return false;
}

function prefixes(texts: readonly string[]): Prefix[] {
  return texts.map((text) => parsePrefix(text)!);
}

/** Two networks overlap if the shorter prefix holds the other's address. */
function overlap(a: Prefix, b: Prefix): boolean {
  if (a.groups.length !== b.groups.length) return false;
  const bits = Math.min(a.bits, b.bits);
  return same(maskAddress(a.groups, bits), maskAddress(b.groups, bits));
}

function same(a: Groups, b: Groups): boolean {
  return a.every((group, index) => group === b[index]);
}
