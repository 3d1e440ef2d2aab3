/**
 * Patterns on STIX observed-data, all at once: the same questions and answers as
 * the OASIS matcher (PyPI `stix2-matcher`).
 */
import { InputError } from "../../errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../json.ts";
import type { ObservationExpression } from "../pattern/ast.ts";
import { compileComparison, NOT_OBSERVED } from "./comparison.ts";
import type { Observation } from "./observation.ts";
import { multiplicity, planPattern } from "./plan.ts";
import { type Entry, solve } from "./solve.ts";
import { microseconds, type TestOptions } from "./test.ts";

/** Bindings tried before a verdict is given up. */
const BUDGET = 2_000_000;

/** Instances kept of one observation; only a pattern that repeats more often could tell. */
const MOST_INSTANCES = 100_000;

interface ObservedEntry extends Entry {
  readonly index: number;
}

/**
 * Indexes of the observations that together fulfil the pattern, ascending; empty
 * if it doesn't match. Throws `InputError` if MATCHES can't be run, or if a
 * verdict would take too long.
 */
export function matchObservations(
  pattern: ObservationExpression,
  observations: readonly Observation[],
  options: TestOptions = {},
): number[] {
  const { plan, comparisons } = planPattern(pattern);
  const most = multiplicity(plan);
  const order = observations.map((_, index) => index)
    .sort((a, b) => observations[a]!.first - observations[b]!.first);
  const entries = order.map((index): ObservedEntry[] => {
    const { first, last, count = 1 } = observations[index]!;
    // Where a match can't use more of the same observation, they need not be there.
    const length = Math.min(count, most, MOST_INSTANCES);
    return Array.from({ length }, () => ({ first, last, index, used: false }));
  });
  const candidates = comparisons.map((comparison) => {
    const holds = compileComparison(comparison, options);
    return order.flatMap((index, n) => holds(observations[index]!.objects) ? entries[n]! : []);
  });
  const { members, exhausted } = solve<ObservedEntry>({ plan, candidates, budget: BUDGET });
  if (exhausted) throw new InputError("The pattern has too many ways to match to try them all");
  return [...new Set(members?.map(({ index }) => index))].sort((a, b) => a - b);
}

function readTimes(object: JsonObject, at: number) {
  const { id, number_observed: count = 1 } = object;
  const name = typeof id === "string" ? id : `observed-data ${at + 1}`;
  const timeOf = (member: string): number => {
    const time = object[member];
    const read = typeof time === "string" ? microseconds(time) : undefined;
    if (read !== undefined) return read;
    const found = time === undefined ? "it is missing" : `found ${JSON.stringify(time)}`;
    throw new InputError(`${name} needs a time in ${member}: ${found}`);
  };
  if (typeof count !== "number" || !(count >= 1)) {
    throw new InputError(
      `${name} needs a number_observed of at least 1: found ${JSON.stringify(count)}`,
    );
  }
  return { first: timeOf("first_observed"), last: timeOf("last_observed"), count };
}

/** Objects of STIX 2.1 by id, over all bundles. */
function byId(objects: readonly JsonValue[]): Record<string, JsonObject> {
  const found: Record<string, JsonObject> = {};
  for (const object of objects) {
    if (isJsonObject(object) && typeof object["id"] === "string") found[object["id"]] = object;
  }
  return found;
}

/** An observation as STIX tells it. */
export interface StixObservation extends Observation {
  /** Id of the observed-data, if it has one. */
  readonly id?: string;
}

/** The objects of an observed-data: inside (STIX 2.0, deprecated in 2.1), referred to, or both. */
function objectsOf(
  { objects, object_refs: refs }: JsonObject,
  all: Record<string, JsonObject>,
): Observation["objects"] {
  const list = Array.isArray(refs) ? refs : [];
  const beside = byId(list.flatMap((ref) => typeof ref === "string" && all[ref] ? [all[ref]] : []));
  const inside = isJsonObject(objects) ? Object.entries(objects) : [];
  return {
    ...beside,
    ...Object.fromEntries(
      inside.flatMap(([id, value]) => isJsonObject(value) ? [[id, value]] : []),
    ),
  };
}

/** Whether an object is observed-data, or means to be (the OASIS matcher takes other names of the type too). */
function isObserved({ type, first_observed: first, objects }: JsonObject): boolean {
  return type === "observed-data" || first !== undefined ||
    (type === undefined && isJsonObject(objects));
}

/** Objects that nobody says when they were observed: one observation at no time in particular. */
function untimed(objects: readonly JsonObject[]): StixObservation {
  const found = objects.map((object, at) => [object["id"] ?? String(at), object]);
  return { first: 0, last: 0, objects: Object.fromEntries(found) };
}

/**
 * Reads observed-data: with `objects` inside (STIX 2.0), or with `object_refs` to
 * objects beside it (STIX 2.1), in bundles or not. Cyber observables without any
 * observed-data are one observation. Throws `InputError` if times are missing or
 * malformed, or if there is nothing of the kind outside of bundles.
 */
export function readObservedData(data: readonly JsonObject[]): StixObservation[] {
  const flat = data.flatMap((item) => {
    const { objects } = item;
    return Array.isArray(objects) ? objects.filter((object) => isJsonObject(object)) : [item];
  });
  const observed = flat.filter(isObserved);
  if (observed.length === 0) {
    const loose = flat.filter(({ type }) => typeof type === "string" && !NOT_OBSERVED.has(type));
    if (loose.length > 0) return [untimed(loose)];
    if (data.every(({ objects }) => Array.isArray(objects))) return [];
    throw new InputError("There is no observed-data", {
      hint: "Give observed-data with its objects, a list of it, or a bundle.",
    });
  }
  const all = byId(flat);
  return observed.map((object, at) => {
    const { id, type, first_observed: first } = object;
    const objects = objectsOf(object, all);
    if (type === undefined && first === undefined) return { ...untimed([]), objects };
    const name = typeof id === "string" ? { id } : {};
    return { ...name, ...readTimes(object, at), objects };
  });
}
