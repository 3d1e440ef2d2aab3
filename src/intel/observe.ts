/** From what people write to observables. */
import { canonical, inferKind } from "../match/canonical.ts";
import type { Observable, ObservableKind } from "../match/observable.ts";
import { refang } from "../match/refang.ts";

/** A text of an IoC list as an observable, kind inferred or given; undefined if it is none. */
export function observe(text: string, kind?: ObservableKind): Observable | undefined {
  return observePlain(refang(text), kind);
}

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
