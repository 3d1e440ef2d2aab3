import { parsePrefix } from "../../src/match/address.ts";
import { matchKey } from "../../src/match/canonical.ts";
import { type KeyOptions, visitKeys } from "../../src/match/keys.ts";
import type { Observable, ObservableKind } from "../../src/match/observable.ts";
import type { Handle, Hit, IocSet, IocSetOptions } from "../../src/match/set.ts";
import { walkEvent } from "../../src/match/walk.ts";

type Pair = readonly [Observable, Handle];

/** The IoC set at its plainest, which the real one is held against. */
export function createPlainSet(options: IocSetOptions = {}): Omit<IocSet, "view" | "cursor"> {
  const table = new Map<string, Pair[]>();
  const prefixes = { ipv4: new Map<number, number>(), ipv6: new Map<number, number>() };
  const keyOptions: { -readonly [K in keyof KeyOptions]: KeyOptions[K] } = {
    subdomains: options.subdomains === true,
    ipv4Prefixes: [],
    ipv6Prefixes: [],
  };
  let size = 0;
  let version = 0;

  const keyOf = (kind: ObservableKind, key: string) => `${kind} ${key}`;

  function countPrefix(observable: Observable, step: 1 | -1): void {
    if (observable.kind !== "cidr") return;
    const { groups, bits } = parsePrefix(observable.value)!;
    const counts = groups.length === 2 ? prefixes.ipv4 : prefixes.ipv6;
    const count = (counts.get(bits) ?? 0) + step;
    if (count === 0) counts.delete(bits);
    else counts.set(bits, count);
    keyOptions.ipv4Prefixes = [...prefixes.ipv4.keys()];
    keyOptions.ipv6Prefixes = [...prefixes.ipv6.keys()];
  }

  function lookUp(text: string): Pair[] {
    const found: Pair[] = [];
    visitKeys(text, keyOptions, (kind, key) => found.push(...table.get(keyOf(kind, key)) ?? []));
    return found;
  }

  return {
    options,
    get size() {
      return size;
    },
    get version() {
      return version;
    },
    add(observable, handle) {
      const key = keyOf(observable.kind, matchKey(observable.kind, observable.value));
      const pairs = table.get(key) ?? [];
      if (pairs.some((pair) => same(pair, observable, handle))) return;
      table.set(key, [...pairs, [observable, handle]]);
      countPrefix(observable, 1);
      size++;
      version++;
    },
    remove(observable, handle) {
      const key = keyOf(observable.kind, matchKey(observable.kind, observable.value));
      const pairs = table.get(key) ?? [];
      const rest = pairs.filter((pair) => !same(pair, observable, handle));
      if (rest.length === pairs.length) return false;
      if (rest.length === 0) table.delete(key);
      else table.set(key, rest);
      countPrefix(observable, -1);
      size--;
      version++;
      return true;
    },
    has: (text) => lookUp(text).length > 0,
    hits(event) {
      const hits: Hit[] = [];
      const credit = (text: string, field: () => string) => {
        for (const [observable, handle] of lookUp(text)) {
          if (!hits.some((hit) => same([hit.observable, hit.handle], observable, handle))) {
            hits.push({ handle, observable, field: field(), seen: text });
          }
        }
      };
      walkEvent(event, credit);
      return hits;
    },
    *entries() {
      for (const pairs of table.values()) yield* pairs;
    },
  };
}

function same([observable, handle]: Pair, other: Observable, otherHandle: Handle): boolean {
  return handle === otherHandle && observable.kind === other.kind &&
    observable.value === other.value;
}
