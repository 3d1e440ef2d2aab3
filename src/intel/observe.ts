/** From what people write to observables. */
import { canonical, inferKind } from "../match/canonical.ts";
import type { Observable, ObservableKind } from "../match/observable.ts";
import { refang } from "../match/refang.ts";

/** A text of an IoC list as an observable, kind inferred or given; undefined if it is none. */
export function observe(text: string, kind?: ObservableKind): Observable | undefined {
  return observePlain(bareValue(refang(text)), kind);
}

/** What people put around a value, each with the value in its first group. */
const WRAPPINGS = [
  /^\[([^[\]]+)\]$/,
  /^mailto:([^?\s]+)/i,
  // The display name of a mail address.
  /^[^<>]*<([^<>@\s]+@[^<>@\s]+)>$/,
  /^(?:md5|sha-?1|sha-?256|sha-?512|ja3)[:=]\s*([0-9a-f:]+)$/i,
  // The zone of a link-local address, which is of one machine only.
  /^([0-9a-f:.]+)%[\w.-]+$/i,
];

/** A value without what people put around it; netmasks become the length of the prefix. */
export function bareValue(text: string): string {
  if (!/[[<:%]|\/[0-9]/.test(text)) return text;
  for (const wrapping of WRAPPINGS) {
    const value = wrapping.exec(text)?.[1];
    if (value !== undefined) return value;
  }
  const [, address, ...mask] = NETMASK.exec(text) ?? [];
  if (address === undefined) return text;
  const bits = mask.map((octet) => Number(octet).toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(bits) ? `${address}/${bits.lastIndexOf("1") + 1}` : text;
}

const OCTET = "(\\d{1,3})";
const NETMASK = new RegExp(`^(\\d[\\d.]*)/${OCTET}\\.${OCTET}\\.${OCTET}\\.${OCTET}$`);

/** The same without undoing defanging, for machine-made input. */
export function observePlain(text: string, kind?: ObservableKind): Observable | undefined {
  const is = kind ?? inferKind(text);
  const value = is && canonical(is, text);
  return value === undefined ? undefined : hostNetwork({ kind: is!, value });
}

/** A network of one address is that address. */
function hostNetwork(observable: Observable): Observable {
  if (observable.kind !== "cidr") return observable;
  const [address, bits] = observable.value.split("/") as [string, string];
  const ipv6 = address.includes(":");
  if (Number(bits) !== (ipv6 ? 128 : 32)) return observable;
  return { kind: ipv6 ? "ipv6" : "ipv4", value: address };
}

/** A host or address with a port: the value without it. Ports are no part of point observables. */
export function splitHostPort(text: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:/\s]+)):([0-9]{1,5})$/.exec(text);
  return match === null ? undefined : { host: match[1] ?? match[2]!, port: Number(match[3]) };
}
