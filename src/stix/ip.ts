/** IP networks as `ISSUBSET` and `ISSUPERSET` compare them (STIX 2.1 §9.6.1), both families. */

/** A network; a single address is one with all bits. */
export interface Network {
  /** 4 or 16 bytes. */
  readonly bytes: readonly number[];
  /** Number of leading bits that count. */
  readonly bits: number;
}

const OCTET = /^(?:0|[1-9]\d{0,2})$/;

function ipv4Bytes(text: string): number[] | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => OCTET.test(part))) return undefined;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte < 256) ? bytes : undefined;
}

/** The bytes of colon-separated groups, the last of which may be a dotted quad. */
function groupBytes(text: string): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [n, group] of groups.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = parseInt(group, 16);
      bytes.push(value >> 8, value & 255);
    } else {
      const quad = n === groups.length - 1 ? ipv4Bytes(group) : undefined;
      if (quad === undefined) return undefined;
      bytes.push(...quad);
    }
  }
  return bytes;
}

/** RFC 4291 §2.2, all three forms. */
function ipv6Bytes(text: string): number[] | undefined {
  if (text.length > 45) return undefined;
  const [left, right, more] = text.split("::");
  if (more !== undefined) return undefined;
  const head = groupBytes(left!);
  const tail = right === undefined ? [] : groupBytes(right);
  if (head === undefined || tail === undefined) return undefined;
  const gap = 16 - head.length - tail.length;
  if (right === undefined ? gap !== 0 : gap < 2) return undefined;
  return [...head, ...Array<number>(gap).fill(0), ...tail];
}

/** Reads an address or `address/bits`; undefined if it is neither. */
export function parseCidr(text: string): Network | undefined {
  const slash = text.indexOf("/");
  const address = slash < 0 ? text : text.slice(0, slash);
  const bytes = address.includes(":") ? ipv6Bytes(address) : ipv4Bytes(address);
  if (bytes === undefined) return undefined;
  if (slash < 0) return { bytes, bits: bytes.length * 8 };
  const size = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(size) || Number(size) > bytes.length * 8) return undefined;
  return { bytes, bits: Number(size) };
}

/** Whether all of `inner` lies in `outer`; host bits of either don't count. */
export function contains(outer: Network, inner: Network): boolean {
  if (outer.bytes.length !== inner.bytes.length || outer.bits > inner.bits) return false;
  const whole = outer.bits >> 3;
  for (let n = 0; n < whole; n++) if (outer.bytes[n] !== inner.bytes[n]) return false;
  const rest = outer.bits & 7;
  return rest === 0 || (outer.bytes[whole]! ^ inner.bytes[whole]!) >> (8 - rest) === 0;
}
