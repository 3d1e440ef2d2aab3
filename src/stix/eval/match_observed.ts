/**
 * Patterns on STIX observed-data, all at once: the same questions and answers as
 * the OASIS matcher (PyPI `stix2-matcher`).
 */
import { InputError } from "../../errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../json.ts";
import type { ObservationExpression } from "../pattern/ast.ts";
import { compileComparison } from "./comparison.ts";
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

function readTimes(object: JsonObject): { first: number; last: number; count: number } {
  const [first, last] = [object["first_observed"], object["last_observed"]]
    .map((time) => typeof time === "string" ? microseconds(time) : undefined);
  const count = object["number_observed"];
  if (first === undefined || last === undefined || typeof count !== "number" || count < 1) {
    throw new InputError(
      "observed-data needs first_observed, last_observed and a number_observed of at least 1",
    );
  }
  return { first, last, count };
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
function isObserved(object: JsonObject): boolean {
  const { type, first_observed: first } = object;
  return type === "observed-data" || first !== undefined;
}

/**
 * Reads observed-data: with `objects` inside (STIX 2.0), or with `object_refs` to
 * objects beside it (STIX 2.1), in bundles or not. Throws `InputError` if times or
 * counts are missing, or if there is no observed-data outside of bundles.
 */
export function readObservedData(data: readonly JsonObject[]): StixObservation[] {
  const flat = data.flatMap((item) => {
    const { objects } = item;
    return Array.isArray(objects) ? objects.filter((object) => isJsonObject(object)) : [item];
  });
  const observed = flat.filter(isObserved);
  if (observed.length === 0 && data.some(({ objects }) => !Array.isArray(objects))) {
    throw new InputError("There is no observed-data", {
      hint: "Give observed-data with its objects, a list of it, or a bundle.",
    });
  }
  const all = byId(flat);
  return observed.map((object) => {
    const { id } = object;
    const name = typeof id === "string" ? { id } : {};
    return { ...name, ...readTimes(object), objects: objectsOf(object, all) };
  });
}
