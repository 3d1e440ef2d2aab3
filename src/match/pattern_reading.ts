/** How patterns are read for events: equality as plain IoCs have it (docs/patterns.md). */
import { parseCidr } from "../stix/ip.ts";
import type { Canonical } from "../stix/eval/test.ts";
import {
  type Comparison,
  type Constant,
  type ObjectPath,
  type ObservationExpression,
  parsePattern,
  PatternError,
  patternProblems,
  type Test,
} from "../stix/pattern/mod.ts";
import { formatAddress, parseAddress } from "./address.ts";
import {
  canonicalDomain,
  canonicalEmail,
  canonicalHash,
  canonicalUrl,
  matchKey,
} from "./canonical.ts";

/** Properties that name one thing in capitals or not. */
const CASELESS: ReadonlySet<string> = new Set([
  "protocols",
  "request_method",
  "request_version",
  "serial_number",
  "mime_type",
]);

function canonicalValue(text: string): string {
  const groups = parseAddress(text);
  if (groups !== undefined) return formatAddress(groups);
  if (text.includes("@")) return canonicalEmail(text) ?? text;
  if (text.includes("/")) {
    const url = canonicalUrl(text);
    return url === undefined ? text : matchKey("url", url);
  }
  return canonicalDomain(text) ?? text.toLowerCase();
}

/** How the texts at a path are equal. */
type Equality = "value" | "hash" | "caseless" | "exact";

function equalityOf({ steps }: ObjectPath): Equality {
  const names = steps.flatMap((step) => step.type === "key" ? [step.name] : []);
  const last = names.at(-1)!;
  if (last === "value") return "value";
  if (names.includes("hashes") || /_(?:ja3s?_hash|hassh\w*)$/.test(last)) return "hash";
  return CASELESS.has(last) ? "caseless" : "exact";
}

/** Asked for each value of each event. */
const equalities = new WeakMap<ObjectPath, Equality>();

/** Equal values of a path have equal canonical forms. */
export const canonicalAt: Canonical = (path: ObjectPath, text: string): string => {
  let equality = equalities.get(path);
  if (equality === undefined) equalities.set(path, equality = equalityOf(path));
  switch (equality) {
    case "value":
      return canonicalValue(text);
    case "hash":
      return canonicalHash(text) ?? text.toLowerCase();
    case "caseless":
      return text.toLowerCase();
    case "exact":
      return text;
  }
};

/** A network in place of an address means the addresses in it, as for plain IoCs. */
function isNetwork(path: ObjectPath, constant: Constant): boolean {
  const last = path.steps.at(-1);
  if (last?.type !== "key" || last.name !== "value" || constant.type !== "string") return false;
  const network = constant.value.includes("/") ? parseCidr(constant.value) : undefined;
  return network !== undefined && network.bits < network.bytes.length * 8;
}

function widenTest(test: Test): Comparison {
  const { path, operator, negated, constants } = test;
  if (negated || (operator !== "=" && operator !== "IN")) return test;
  const networks = constants.filter((constant) => isNetwork(path, constant));
  if (networks.length === 0) return test;
  const tests = networks.map((constant): Test => ({
    ...test,
    operator: "ISSUBSET",
    constants: [constant],
  }));
  return { type: "or", operands: [test, ...tests] };
}

function widenComparison(comparison: Comparison): Comparison {
  if (comparison.type === "exists") return comparison;
  if (comparison.type === "test") return widenTest(comparison);
  return { ...comparison, operands: comparison.operands.map(widenComparison) };
}

function widen(expression: ObservationExpression): ObservationExpression {
  switch (expression.type) {
    case "observation":
      return { ...expression, comparison: widenComparison(expression.comparison) };
    case "qualified":
      return { ...expression, expression: widen(expression.expression) };
    case "chain":
      return { ...expression, operands: expression.operands.map(widen) };
  }
}

/** Reads a pattern to be evaluated. Throws `PatternError` also for what can never be fulfilled. */
export function parseForEvents(text: string): ObservationExpression {
  const problem = patternProblems(text).find(({ harmless }) => !harmless);
  if (problem !== undefined) throw new PatternError(problem.message, text, problem.column - 1);
  return widen(parsePattern(text));
}
