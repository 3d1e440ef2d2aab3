/** One allow-list: values, networks, hosts, parts of texts. */
import { formatPrefix, maskAddress, parsePrefix } from "../../match/address.ts";
import { createIocSet } from "../../match/ioc_set.ts";
import type { Observable, ObservableKind } from "../../match/observable.ts";

/** Values that must never be reported. */
export interface AllowList {
  /** As the file or the warninglist calls it. */
  readonly name: string;
  holds(observable: Observable): boolean;
}

/** What a list is made of. */
export interface AllowListParts {
  readonly name: string;
  /** Kinds of values that it is about; all if unset. */
  readonly kinds?: ReadonlySet<ObservableKind>;
  /** Values that count as a whole; networks hold their addresses and smaller networks. */
  readonly values?: Iterable<Observable>;
  /** Domains that hold their subdomains, and the URLs on them. */
  readonly hosts?: Iterable<Observable>;
  readonly substrings?: readonly string[];
  readonly patterns?: readonly RegExp[];
}

/** Texts beyond this are not looked through by patterns, whose speed is their author's matter. */
const MAX_PATTERN_TEXT = 4096;

/** Makes an allow-list. */
export function createAllowList(parts: AllowListParts): AllowList {
  const { name, kinds, substrings = [], patterns = [] } = parts;
  const values = createIocSet();
  const hosts = createIocSet({ subdomains: true });
  for (const value of parts.values ?? []) values.append(value, 0);
  for (const host of parts.hosts ?? []) hosts.append(host, 0);

  function holdsNetwork(text: string): boolean {
    const { groups, bits } = parsePrefix(text)!;
    for (let wider = bits; wider >= 0; wider--) {
      const value = formatPrefix({ groups: maskAddress(groups, wider), bits: wider });
      if (values.find({ kind: "cidr", value }) >= 0) return true;
    }
    return false;
  }

  function holds({ kind, value }: Observable): boolean {
    if (kinds !== undefined && !kinds.has(kind)) return false;
    if (kind === "cidr") return values.size > 0 && holdsNetwork(value);
    if (values.size > 0 && values.has(value)) return true;
    if (hosts.size > 0 && hosts.has(kind === "url" ? hostOf(value) : value)) return true;
    return substrings.some((part) => value.includes(part)) ||
      value.length <= MAX_PATTERN_TEXT && patterns.some((pattern) => pattern.test(value));
  }

  return { name, holds };
}

/** The host of a canonical URL. */
function hostOf(url: string): string {
  const authority = url.replace(/^[a-z0-9+.-]+:\/\//, "").replace(/\/.*$/s, "");
  return authority.slice(authority.lastIndexOf("@") + 1);
}
