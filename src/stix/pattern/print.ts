/** Writes pattern trees as text, in one normal spelling: `parsePattern(print(x))` is `x`. */
import {
  type Comparison,
  type Constant,
  type ObjectPath,
  OBSERVATION_OPERATORS,
  type ObservationExpression,
  type PathStep,
  type Qualifier,
} from "./ast.ts";
import { KEYWORDS } from "./lexer.ts";

function quote(text: string): string {
  return `'${text.replace(/['\\]/g, "\\$&")}'`;
}

function printKey(name: string): string {
  const bare = /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) && !KEYWORDS.has(name) &&
    name !== "true" && name !== "false";
  return bare ? name : quote(name);
}

function printStep(step: PathStep, first: boolean): string {
  if (step.type === "every") return "[*]";
  if (step.type === "index") return `[${step.index}]`;
  return (first ? "" : ".") + printKey(step.name);
}

/** `network-traffic:dst_ref.value`. */
export function printPath(path: ObjectPath): string {
  return `${path.objectType}:` + path.steps.map((step, n) => printStep(step, n === 0)).join("");
}

const PREFIX = { hex: "h", binary: "b", timestamp: "t" } as const;

/** A constant as it stands in a pattern. */
export function printConstant(constant: Constant): string {
  switch (constant.type) {
    case "string":
      return quote(constant.value);
    case "boolean":
      return String(constant.value);
    case "integer":
    case "float":
      return constant.text;
    default:
      return `${PREFIX[constant.type]}'${constant.text}'`;
  }
}

/** What stands inside `[…]`. */
export function printComparison(comparison: Comparison): string {
  if (comparison.type === "exists") {
    return `${comparison.negated ? "NOT " : ""}EXISTS ${printPath(comparison.path)}`;
  }
  if (comparison.type === "test") {
    const { path, negated, operator, constants } = comparison;
    const list = constants.map(printConstant).join(", ");
    const value = operator === "IN" ? `(${list})` : list;
    return `${printPath(path)} ${negated ? "NOT " : ""}${operator} ${value}`;
  }
  const { type, operands } = comparison;
  // AND binds tighter than OR; a chain within a chain of its own kind was in parentheses.
  return operands.map((operand) => {
    const text = printComparison(operand);
    const parentheses = operand.type === type || (type === "and" && operand.type === "or");
    return parentheses ? `(${text})` : text;
  }).join(` ${type.toUpperCase()} `);
}

/** A qualifier as it stands behind an observation. */
export function printQualifier(qualifier: Qualifier): string {
  if (qualifier.type === "within") return `WITHIN ${qualifier.seconds} SECONDS`;
  if (qualifier.type === "repeats") return `REPEATS ${qualifier.times} TIMES`;
  const [start, stop] = [qualifier.start, qualifier.stop]
    .map((text) => qualifier.quoted ? quote(text) : `t'${text}'`);
  return `START ${start} STOP ${stop}`;
}

/** A whole pattern. */
export function printPattern(expression: ObservationExpression): string {
  if (expression.type === "observation") return `[${printComparison(expression.comparison)}]`;
  if (expression.type === "qualified") {
    const inner = printPattern(expression.expression);
    const parentheses = expression.expression.type === "chain";
    return [parentheses ? `(${inner})` : inner, ...expression.qualifiers.map(printQualifier)]
      .join(" ");
  }
  const { operator, operands } = expression;
  const rank = OBSERVATION_OPERATORS.indexOf(operator);
  return operands.map((operand) => {
    const text = printPattern(operand);
    const parentheses = operand.type === "chain" &&
      OBSERVATION_OPERATORS.indexOf(operand.operator) <= rank;
    return parentheses ? `(${text})` : text;
  }).join(` ${operator} `);
}
