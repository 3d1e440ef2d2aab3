/** Indicators made from plain values: stable ids, objects made when asked for. */
import type { Place } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import type { Observable, ObservableKind } from "../match/observable.ts";
import type { Indicator } from "./indicator.ts";
import { uuidNamer } from "./uuid.ts";

/** Names plain indicators; the namespace was made once at random. */
const uuidOf = uuidNamer("5c2f7a0e-93d4-4b7e-8f0a-6f0c1d6c7b1e");

/** STIX names of the hashes (hash-algorithm-ov, STIX 2.1 section 10.7). */
const HASH_NAMES: Partial<Record<ObservableKind, string>> = {
  md5: "MD5",
  sha1: "'SHA-1'",
  sha256: "'SHA-256'",
  sha512: "'SHA-512'",
};

/** The id of the indicator of a plain value: the same value has the same id everywhere. */
export function plainId({ kind, value }: Observable): string {
  return `indicator--${uuidOf(`${kind}:${value}`)}`;
}

/** A STIX pattern that matches exactly an observable. */
export function patternOf({ kind, value }: Observable): string {
  const quoted = `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  switch (kind) {
    case "ipv4":
    case "ipv6":
      return `[${kind}-addr:value = ${quoted}]`;
    case "cidr":
      return `[${value.includes(":") ? "ipv6" : "ipv4"}-addr:value ISSUBSET ${quoted}]`;
    case "domain":
      return `[domain-name:value = ${quoted}]`;
    case "url":
      return `[url:value = ${quoted}]`;
    case "email":
      return `[email-addr:value = ${quoted}]`;
    default:
      return `[file:hashes.${HASH_NAMES[kind]} = ${quoted}]`;
  }
}

/** The indicator of a plain value; `since` (ms since the epoch) becomes `created` and `valid_from`. */
export function plainIndicator(observable: Observable, since: number, place?: Place): Indicator {
  return new PlainIndicator(observable, since, place);
}

/** A class, as an object with getters of its own takes a microsecond to make. */
class PlainIndicator implements Indicator {
  readonly points: readonly Observable[];
  readonly place?: Place;
  readonly #since: number;
  #id: string | undefined;
  #stix: JsonObject | undefined;

  constructor(observable: Observable, since: number, place: Place | undefined) {
    this.points = [observable];
    if (place !== undefined) this.place = place;
    this.#since = since;
  }

  get id() {
    return this.#id ??= plainId(this.points[0]!);
  }

  get pattern() {
    return patternOf(this.points[0]!);
  }

  get stix() {
    return this.#stix ??= plainStix(
      this.points[0]!,
      this.id,
      new Date(this.#since).toISOString(),
    );
  }
}

function plainStix(observable: Observable, id: string, since: string): JsonObject {
  return {
    type: "indicator",
    spec_version: "2.1",
    id,
    created: since,
    modified: since,
    name: observable.value,
    indicator_types: ["unknown"],
    pattern: patternOf(observable),
    pattern_type: "stix",
    pattern_version: "2.1",
    valid_from: since,
  };
}
