/** Values that match almost everything, so that as IoCs they only make noise. */
import {
  type Groups,
  maskAddress,
  parseAddress,
  parsePrefix,
  type Prefix,
} from "../../match/address.ts";
import type { Observable, ObservableKind } from "../../match/observable.ts";
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
  // Nearly all values of a feed end here.
  if (!mayBeNoiseText(kind, value)) return undefined;
  if (kind === "domain") {
    return !value.includes(".") || SUFFIXES.has(value)
      ? "top-level domain or local name"
      : undefined;
  }
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
/** First octets of addresses that may be noise: those have a 1. */
const OCTETS = new Uint8Array(256);
for (const { groups: [first], bits } of NETWORKS4) {
  const octet = first! >> 8;
  OCTETS.fill(1, octet, octet + 2 ** Math.max(0, 8 - bits));
}

/** Suffixes by their first byte: a bit for each length, all below 32. */
const SUFFIX_SHAPES = new Uint32Array(256);
for (const name of SUFFIXES) SUFFIX_SHAPES[name.charCodeAt(0)]! |= 1 << name.length;

/** Whether canonical bytes may be noise; false is certain. Looks at few bytes, as lists are long. */
export function mayBeNoise(kind: number, bytes: Uint8Array, start: number, end: number): boolean {
  if (kind === KIND_NUMBERS.domain) {
    return isLikeSuffix(bytes[start]!, end - start) || !hasDot(bytes, start, end);
  }
  if (kind !== KIND_NUMBERS.ipv4) return kind === KIND_NUMBERS.ipv6 || kind === KIND_NUMBERS.cidr;
  let octet = 0;
  for (let i = start; i < end && bytes[i] !== DOT; i++) octet = octet * 10 + bytes[i]! - 0x30;
  return OCTETS[octet] === 1;
}

/** The same of a text. */
function mayBeNoiseText(kind: ObservableKind, value: string): boolean {
  if (kind === "domain") {
    return isLikeSuffix(value.charCodeAt(0), value.length) || !hasDotText(value);
  }
  if (kind !== "ipv4") return kind === "ipv6" || kind === "cidr";
  let octet = 0;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === DOT) break;
    octet = octet * 10 + code - 0x30;
  }
  return OCTETS[octet] === 1;
}

/** `mayBeNoise` as tables, for values with a dot. */
export function noiseSieve(): GuardSieve {
  const pairs = new Uint8Array(8192);
  for (const { groups: [first], bits } of NETWORKS4) {
    const stop = first! + 2 ** Math.max(0, 16 - bits);
    for (let pair = first!; pair < stop; pair++) pairs[pair >> 3]! |= 1 << (pair & 7);
  }
  return { pairs, shapes: SUFFIX_SHAPES };
}

function isLikeSuffix(first: number, length: number): boolean {
  return length < 32 && (SUFFIX_SHAPES[first]! & 1 << length) !== 0;
}

function hasDot(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] === DOT) return true;
  return false;
}

/** From the end, where top-level domains are short. */
function hasDotText(text: string): boolean {
  for (let i = text.length - 1; i >= 0; i--) if (text.charCodeAt(i) === DOT) return true;
  return false;
}

const DOT = 0x2e;

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
