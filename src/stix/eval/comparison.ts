/** What stands inside `[…]`, evaluated on one observation. */
import type { JsonObject } from "../../json.ts";
import type { Comparison, ObjectPath } from "../pattern/ast.ts";
import { objectTypes } from "../pattern/points.ts";
import type { Observation } from "./observation.ts";
import { printPath } from "../pattern/print.ts";
import { createSelector, type Selector } from "./select.ts";
import { compileTest, type TestOptions } from "./test.ts";

type Objects = Observation["objects"];
type OnObject = (root: JsonObject, objects: Objects) => boolean;

/** What comparisons of many patterns share. */
export interface ComparisonOptions extends TestOptions {
  /** Selectors in use, by the text of their path. */
  readonly selectors?: Map<string, Selector>;
}

function selectorOf(path: ObjectPath, { selectors }: ComparisonOptions): Selector {
  if (selectors === undefined) return createSelector(path);
  const text = printPath(path);
  let selector = selectors.get(text);
  if (selector === undefined) selectors.set(text, selector = createSelector(path));
  return selector;
}

/** Whether any object of an observation fulfils the comparison. */
export type ObservationTest = (objects: Objects) => boolean;

/**
 * Objects that are no cyber observables. A bundle may carry them along, but
 * patterns are about what was observed.
 */
export const NOT_OBSERVED: ReadonlySet<string> = new Set(
  ("attack-pattern bundle campaign course-of-action extension-definition grouping identity " +
    "incident indicator infrastructure intrusion-set language-content location malware " +
    "malware-analysis marking-definition note observed-data opinion relationship report " +
    "threat-actor tool sighting vulnerability").split(" "),
);

function compile(comparison: Comparison, options: ComparisonOptions): OnObject {
  if ("operands" in comparison) {
    const operands = comparison.operands.map((operand) => compile(operand, options));
    return comparison.type === "and"
      ? (root, objects) => operands.every((holds) => holds(root, objects))
      : (root, objects) => operands.some((holds) => holds(root, objects));
  }
  const { path, negated } = comparison;
  if (NOT_OBSERVED.has(path.objectType)) return () => false;
  const select = selectorOf(path, options);
  if (comparison.type === "exists") {
    return (root, objects) =>
      root["type"] === path.objectType && (select(root, objects).length > 0) !== negated;
  }
  const test = compileTest(comparison, options);
  const holds = options.lenient !== true
    ? test
    : (value: unknown) => Array.isArray(value) ? value.some(test) : test(value);
  return (root, objects) => root["type"] === path.objectType && select(root, objects).some(holds);
}

/** Operands by what they are about: those that have a type of object in common stand together. */
function byType(operands: readonly Comparison[]): Comparison[][] {
  let groups: { types: Set<string>; operands: Comparison[] }[] = [];
  for (const operand of operands) {
    const own = { types: objectTypes(operand), operands: [operand] };
    const isApart = ({ types }: { types: Set<string> }) => own.types.isDisjointFrom(types);
    for (const group of groups) {
      if (isApart(group)) continue;
      own.operands.unshift(...group.operands);
      own.types = own.types.union(group.types);
    }
    groups = [...groups.filter(isApart), own];
  }
  return groups.map(({ operands }) => operands);
}

/**
 * AND holds only where one and the same object fulfils both sides, as the root of
 * their paths; a test holds if any of the values that its path selects does.
 */
export function compileComparison(
  comparison: Comparison,
  options: ComparisonOptions = {},
): ObservationTest {
  if (options.lenient === true && "operands" in comparison) {
    const { type, operands } = comparison;
    const parts = type === "or" ? operands.map((operand) => [operand]) : byType(operands);
    if (parts.length > 1) {
      const tests = parts.map((part) =>
        compileComparison(part.length === 1 ? part[0]! : { type, operands: part }, options)
      );
      return type === "or"
        ? (objects) => tests.some((test) => test(objects))
        : (objects) => tests.every((test) => test(objects));
    }
  }
  const holds = compile(comparison, options);
  return (objects) => {
    for (const id in objects) if (holds(objects[id]!, objects)) return true;
    return false;
  };
}
