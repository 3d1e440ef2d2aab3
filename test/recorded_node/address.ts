/** IP addresses and subnets as VAST compares them: text in one canonical form. */

/** An address in canonical text; IPv4 inside IPv6 is IPv4. */
export type Address = string;

/** A subnet as its prefix in bits. */
export interface Subnet {
  readonly bits: string;
}

/** Reads an address in any spelling; undefined if it is none. */
export function parseAddress(text: string): Address | undefined {
  if (/^\d+(\.\d+){3}$/.test(text)) {
    return text.split(".").every((part) => Number(part) <= 255) ? text : undefined;
  }
  if (!text.includes(":") || !URL.canParse(`http://[${text}]/`)) return undefined;
  const host = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(host);
  if (!mapped) return host;
  const [high, low] = [parseInt(mapped[1]!, 16), parseInt(mapped[2]!, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

/** Reads `address/prefix`; undefined if it is none. */
export function parseSubnet(text: string): Subnet | undefined {
  const [host = "", length = ""] = text.split("/");
  const address = parseAddress(host);
  const most = host.includes(":") ? 128 : 32;
  if (address === undefined || Number(length) > most) return undefined;
  const offset = most === 32 ? 96 : 0;
  return { bits: bits(address).slice(0, offset + Number(length)) };
}

/** Whether an address lies in a subnet. */
export function contains(subnet: Subnet, address: Address): boolean {
  return bits(address).startsWith(subnet.bits);
}

function bits(address: Address): string {
  const bytes = address.includes(":") ? ipv6Bytes(address) : [
    ...new Array<number>(12).fill(0),
    ...address.split(".").map(Number),
  ];
  return bytes.map((byte) => byte.toString(2).padStart(8, "0")).join("");
}

function ipv6Bytes(address: Address): number[] {
  const [head = "", tail] = address.split("::");
  const groups = (text: string) => text === "" ? [] : text.split(":").map((g) => parseInt(g, 16));
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  const zeros = new Array<number>(8 - front.length - back.length).fill(0);
  return [...front, ...zeros, ...back].flatMap((group) => [group >> 8, group & 255]);
}
