/** From the paths and values of STIX patterns to observables. */
import type { Observable, ObservableKind } from "../match/observable.ts";
import {
  type ObjectPath,
  type ObservationExpression,
  parsePattern,
  patternPoints,
  type PointValue,
  prefilterPoints,
  printPath,
} from "../stix/pattern/mod.ts";
import { observePlain } from "./observe.ts";

/** What the fast set can do for a pattern. */
export interface PatternPoints {
  /** Values any of which alone fulfils the pattern; empty for a compound one. */
  readonly points: readonly Observable[];
  /** Why the pattern is compound, in words. */
  readonly reason?: string;
  /** What of a compound pattern can be looked up, if it was parsed for that. */
  readonly prefilter?: Prefilter;
}

/** What in an event gives a compound pattern away. */
export interface Prefilter {
  /** As `prefilterOf` gives them. */
  readonly values: readonly Observable[] | undefined;
}

/** Object types whose `value` is a point value, wherever in an event it stands. */
export const VALUE_TYPES: Readonly<Record<string, readonly ObservableKind[]>> = {
  "ipv4-addr": ["ipv4", "cidr"],
  "ipv6-addr": ["ipv6", "cidr", "ipv4"],
  "domain-name": ["domain"],
  "url": ["url"],
  "email-addr": ["email"],
};

/** References whose target's `value` can be looked up, though the value alone does not tell the role. */
const ROLE_KINDS: Readonly<Record<string, readonly ObservableKind[]>> = {
  src_ref: ["ipv4", "ipv6", "cidr", "domain"],
  dst_ref: ["ipv4", "ipv6", "cidr", "domain"],
  resolves_to_refs: ["ipv4", "ipv6", "cidr", "domain"],
  from_ref: ["email"],
  sender_ref: ["email"],
  to_refs: ["email"],
  cc_refs: ["email"],
  bcc_refs: ["email"],
};

const HASH_KINDS: readonly ObservableKind[] = ["md5", "sha1", "sha256", "sha512"];

/** The most common patterns of feeds, read without the parser. */
const SIMPLE_HASH =
  /^\s*\[\s*file:hashes\.(MD5|'(?:MD5|SHA-1|SHA-256|SHA-512)')\s*=\s*'([^'\\]*)'\s*\]\s*$/;
const SIMPLE = /^\s*\[\s*([a-z0-9-]+):value\s*=\s*'([^'\\]*)'\s*\]\s*$/;

/** The point values of a pattern text; throws `PatternError`. */
export function pointsOf(pattern: string): PatternPoints {
  const simple = SIMPLE.exec(pattern);
  const kinds = simple === null ? undefined : VALUE_TYPES[simple[1]!];
  const hash = simple === null ? SIMPLE_HASH.exec(pattern) : null;
  const observable = kinds !== undefined
    ? observeAs(kinds, simple![2]!)
    : hash !== null
    ? observeAs([hashKindOf(hash[1]!.replaceAll("'", ""))], hash[2]!)
    : undefined;
  if (observable !== undefined) return { points: [observable] };
  const expression = parsePattern(pattern);
  const found = pointsOfExpression(expression);
  // Now, as parsing it again costs more than all else about an indicator.
  return found.points.length > 0
    ? found
    : { ...found, prefilter: { values: prefilterOf(expression) } };
}

/** The same for a parsed pattern. */
export function pointsOfExpression(expression: ObservationExpression): PatternPoints {
  const values = patternPoints(expression);
  if (values === undefined) {
    return { points: [], reason: "is more than a choice between single values" };
  }
  if (values.length === 0) return { points: [], reason: "has an empty set and never matches" };
  const points = new Map<string, Observable>();
  for (const value of values) {
    const point = observableOf(value);
    if (point === undefined || hasRole(value.path)) {
      return { points: [], reason: whyNot(value, point) };
    }
    points.set(`${point.kind} ${point.value}`, point);
  }
  return { points: [...points.values()] };
}

/**
 * Values at least one of which stands in every event that can matter for a
 * compound pattern; undefined if every event can. It is kept on disk: another answer is another form
 * of the tables in `pipeline/run/indicator_forms.ts`.
 */
export function prefilterOf(expression: ObservationExpression): readonly Observable[] | undefined {
  return prefilterPoints(expression, (point) => observableOf(point) !== undefined)
    ?.map((point) => observableOf(point)!);
}

/** The observable that a value at a path is; undefined if the fast set can't hold it. */
export function observableOf({ path, value, relation }: PointValue): Observable | undefined {
  const observable = observeAs(kindsAt(path), value);
  const address = observable !== undefined && ["cidr", "ipv4", "ipv6"].includes(observable.kind);
  return relation === "equal" || address ? observable : undefined;
}

/** A text as the first of these kinds that it is a spelling of. */
export function observeAs(kinds: readonly ObservableKind[], value: string): Observable | undefined {
  for (const kind of kinds) {
    const observable = observePlain(value, kind);
    if (observable !== undefined) return observable;
  }
  return undefined;
}

/** The kinds of values that stand at a path, none if they are no observables. */
function kindsAt({ objectType, steps }: ObjectPath): readonly ObservableKind[] {
  const names = steps.flatMap((step) => step.type === "key" ? [step.name] : []);
  const last = names.at(-1) ?? "";
  if (names.includes("hashes")) {
    const kind = hashKindOf(last);
    return HASH_KINDS.includes(kind) ? [kind] : [];
  }
  if (/ja3/i.test(last)) return ["md5"];
  if (last !== "value") return [];
  return names.length === 1 ? VALUE_TYPES[objectType] ?? [] : ROLE_KINDS[names.at(-2)!] ?? [];
}

/** `SHA-256` as the kind `sha256`; not all that have a name are kinds. */
function hashKindOf(name: string): ObservableKind {
  return name.toLowerCase().replaceAll("-", "") as ObservableKind;
}

/** Whether a path asks in which role a value stands, which its place in an event only tells an evaluator. */
function hasRole({ steps }: ObjectPath): boolean {
  return steps.some((step) => step.type === "key" && Object.hasOwn(ROLE_KINDS, step.name));
}

function whyNot({ path, value }: PointValue, point: Observable | undefined): string {
  const shown = printPath(path);
  if (point !== undefined) return `${shown} asks for the role of a value`;
  if (kindsAt(path).length === 0) return `${shown} is no single value that events hold anywhere`;
  return `${JSON.stringify(value)} is no value of ${shown}`;
}
