/**
 * The single values inside patterns: for plain lookups where a pattern is no more
 * than "any of these values", and as a prefilter where it is more.
 */
import type { Comparison, ObjectPath, ObservationExpression, Test } from "./ast.ts";

/** A value at an object path, as `ipv4-addr:value = '198.51.100.1'` names it. */
export interface PointValue {
  readonly path: ObjectPath;
  readonly value: string;
  /** `within`: the value is a network (`ISSUBSET`) and everything in it fulfils the test. */
  readonly relation: "equal" | "within";
}

/** More values than this in one part are no good prefilter; the part counts as having none. */
const MAXIMUM_POINTS = 100_000;

function testPoints(test: Test): PointValue[] | undefined {
  if (test.negated) return undefined;
  const { path, operator, constants } = test;
  const strings = constants.flatMap((constant) => constant.type === "string" ? [constant] : []);
  if (strings.length !== constants.length) return undefined;
  if (operator === "=" || operator === "IN") {
    return strings.map(({ value }) => ({ path, value, relation: "equal" }));
  }
  if (operator === "ISSUBSET") {
    return strings.map(({ value }) => ({ path, value, relation: "within" }));
  }
  return undefined;
}

function disjunction(comparison: Comparison): PointValue[] | undefined {
  if (comparison.type === "test") return testPoints(comparison);
  if (comparison.type !== "or") return undefined;
  return union(comparison.operands.map(disjunction));
}

function union(parts: readonly (PointValue[] | undefined)[]): PointValue[] | undefined {
  const all: PointValue[] = [];
  for (const part of parts) {
    if (part === undefined) return undefined;
    for (const point of part) all.push(point);
    if (all.length > MAXIMUM_POINTS) return undefined;
  }
  return all;
}

/**
 * The values of a pattern that is nothing but a disjunction of equalities (or
 * `IN`, or `ISSUBSET`) over single observations, each of which alone fulfils it;
 * undefined if it is more than that. A set with no members gives an empty list:
 * such a pattern never matches.
 */
export function patternPoints(expression: ObservationExpression): PointValue[] | undefined {
  if (expression.type === "observation") return disjunction(expression.comparison);
  if (expression.type === "qualified" || expression.operator !== "OR") return undefined;
  return union(expression.operands.map(patternPoints));
}

/** Decides which values a prefilter can find; those that it can't are no help to it. */
export type CanFind = (point: PointValue) => boolean;

/**
 * Values at least one of which stands in every observation that fulfils the
 * comparison; undefined if there are none ("can't be prefiltered"). Of several
 * possible sets the smallest is taken.
 */
export function necessaryPoints(
  comparison: Comparison,
  canFind: CanFind = () => true,
): PointValue[] | undefined {
  if (comparison.type === "exists") return undefined;
  if (comparison.type === "test") {
    const points = testPoints(comparison);
    return points?.every(canFind) ? points : undefined;
  }
  const parts = comparison.operands.map((operand) => necessaryPoints(operand, canFind));
  if (comparison.type === "or") return union(parts);
  return parts.reduce((best, part) => {
    if (part === undefined) return best;
    return best === undefined || part.length < best.length ? part : best;
  }, undefined);
}

/** The types of object that a comparison is about. */
export function objectTypes(comparison: Comparison): Set<string> {
  if (!("operands" in comparison)) return new Set([comparison.path.objectType]);
  return new Set(comparison.operands.flatMap((operand) => [...objectTypes(operand)]));
}

/** Every `[…]` of a pattern from left to right. */
export function observations(expression: ObservationExpression): Comparison[] {
  const found: Comparison[] = [];
  const pending = [expression];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next.type === "observation") found.push(next.comparison);
    else if (next.type === "qualified") pending.push(next.expression);
    else pending.push(...next.operands.toReversed());
  }
  return found;
}

/**
 * Values at least one of which stands in every event that can take part in a
 * match of the pattern: events without any of them need not be looked at.
 * Undefined if some part of the pattern can't be prefiltered.
 */
export function prefilterPoints(
  expression: ObservationExpression,
  canFind?: CanFind,
): PointValue[] | undefined {
  return union(observations(expression).map((part) => necessaryPoints(part, canFind)));
}
