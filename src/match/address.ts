/** IP addresses and prefixes: reading every spelling, writing the canonical one. */

/**
 * An address as its 16-bit groups, most significant first: two for IPv4, eight
 * for IPv6. IPv4-mapped IPv6 (`::ffff:1.2.3.4`) is read as the IPv4 address.
 */
export type Groups = readonly number[];

/** Longest spelling: `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255`. */
const MAX_LENGTH = 45;

/** Reads an address of either family; undefined if the text is none. */
export function parseAddress(text: string): Groups | undefined {
  if (text.length < 2 || text.length > MAX_LENGTH) return undefined;
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/** Dotted quad, decimal, without leading zeros (RFC 6943, section 3.1.1: "strict"). */
function parseIpv4(text: string): number[] | undefined {
  const octets: number[] = [];
  let value = -1;
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : 0x2e;
    if (code === 0x2e) {
      if (value < 0) return undefined;
      octets.push(value);
      value = -1;
    } else if (code >= 0x30 && code <= 0x39 && value !== 0) {
      value = (value < 0 ? 0 : value * 10) + code - 0x30;
      if (value > 255) return undefined;
    } else {
      return undefined;
    }
  }
  if (octets.length !== 4) return undefined;
  const [a, b, c, d] = octets as [number, number, number, number];
  return [a << 8 | b, c << 8 | d];
}

/** RFC 4291, section 2.2, all three forms; no zone. One pass, as every IPv6 event comes here. */
function parseIpv6(text: string): Groups | undefined {
  const groups: number[] = [];
  /** Index of the group before which `::` stands. */
  let gap = text.startsWith("::") ? 0 : -1;
  for (let at = gap === 0 ? 2 : 0; at < text.length;) {
    const start = at;
    let value = 0;
    for (; at < text.length && at - start <= 4; at++) {
      const digit = hexDigit(text.charCodeAt(at));
      if (digit < 0) break;
      value = value << 4 | digit;
    }
    if (text[at] === ".") {
      const quad = parseIpv4(text.slice(start));
      if (quad === undefined) return undefined;
      groups.push(quad[0]!, quad[1]!);
      break;
    }
    if (at === start || at - start > 4) return undefined;
    groups.push(value);
    if (at === text.length) break;
    if (text[at++] !== ":" || at === text.length) return undefined;
    if (text[at] === ":") {
      if (gap >= 0) return undefined;
      gap = groups.length;
      at++;
    }
  }
  if (gap < 0 ? groups.length !== 8 : groups.length > 7) return undefined;
  if (gap >= 0) groups.splice(gap, 0, ...ZEROS.slice(groups.length));
  return isMapped(groups) ? groups.slice(6) : groups;
}

const ZEROS: Groups = [0, 0, 0, 0, 0, 0, 0, 0];

function isMapped(groups: Groups): boolean {
  if (groups[5] !== 0xffff) return false;
  for (let i = 0; i < 5; i++) if (groups[i] !== 0) return false;
  return true;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** Writes the canonical form: dotted quad, or RFC 5952 for IPv6. */
export function formatAddress(groups: Groups): string {
  if (groups.length === 2) {
    const [high, low] = groups as [number, number];
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  const run = longestZeroRun(groups);
  let text = "";
  for (let i = 0; i < groups.length; i++) {
    if (i === run.start && run.length > 1) {
      text += "::";
      i += run.length - 1;
    } else {
      text += (text === "" || text.endsWith(":") ? "" : ":") + groups[i]!.toString(16);
    }
  }
  return text;
}

/** First longest run of zero groups, which `::` stands for (RFC 5952, section 4.2). */
function longestZeroRun(groups: Groups): { start: number; length: number } {
  const best = { start: 0, length: 0 };
  let length = 0;
  for (let index = 0; index < groups.length; index++) {
    length = groups[index] === 0 ? length + 1 : 0;
    if (length > best.length) {
      best.start = index - length + 1;
      best.length = length;
    }
  }
  return best;
}

/** The network of an address: all bits after the first `bits` cleared. */
export function maskAddress(groups: Groups, bits: number): Groups {
  return groups.map((group, index) => {
    const kept = Math.min(16, Math.max(0, bits - 16 * index));
    return group & (0xffff << (16 - kept)) & 0xffff;
  });
}

/** A network: the masked address and the number of its leading bits. */
export interface Prefix {
  readonly groups: Groups;
  readonly bits: number;
}

/** Reads `address/bits`; host bits are cleared. Undefined if the text is no prefix. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf("/");
  if (slash < 0 || !/^(0|[1-9][0-9]{0,2})$/.test(text.slice(slash + 1))) return undefined;
  const address = text.slice(0, slash);
  const groups = parseAddress(address);
  if (groups === undefined) return undefined;
  let bits = Number(text.slice(slash + 1));
  // `::ffff:10.0.0.0/104` is 10.0.0.0/8.
  if (groups.length === 2 && address.includes(":")) bits -= 96;
  if (bits < 0 || bits > groups.length * 16) return undefined;
  return { groups: maskAddress(groups, bits), bits };
}

/** Writes a network in canonical form: `10.0.0.0/8`. */
export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix.groups)}/${prefix.bits}`;
}
