/**
 * A pattern made ready for solving: its `[…]` numbered from left to right, its
 * qualifiers as numbers, and on each node what a match of it may contain.
 */
import type { Comparison, ObservationExpression, ObservationOperator } from "../pattern/ast.ts";
import { microseconds } from "./test.ts";

export type Plan =
  | { readonly type: "leaf"; readonly leaf: number; readonly leaves: ReadonlySet<number> }
  | {
    readonly type: "chain";
    readonly operator: ObservationOperator;
    readonly operands: readonly Plan[];
    readonly leaves: ReadonlySet<number>;
  }
  | {
    readonly type: "repeats";
    readonly operand: Plan;
    readonly times: number;
    readonly leaves: ReadonlySet<number>;
  }
  /** All observations within some stretch of so many microseconds. */
  | {
    readonly type: "within";
    readonly operand: Plan;
    readonly span: number;
    readonly leaves: ReadonlySet<number>;
  }
  /** All observations from `start` on and before `stop`, microseconds since the epoch. */
  | {
    readonly type: "between";
    readonly operand: Plan;
    readonly start: number;
    readonly stop: number;
    readonly leaves: ReadonlySet<number>;
  };

/** A planned pattern. */
export interface PlannedPattern {
  readonly plan: Plan;
  /** The comparison of each leaf. */
  readonly comparisons: readonly Comparison[];
}

/** Plans an expression and puts its comparisons in the list. */
function planNode(expression: ObservationExpression, comparisons: Comparison[]): Plan {
  if (expression.type === "observation") {
    const leaf = comparisons.push(expression.comparison) - 1;
    return { type: "leaf", leaf, leaves: new Set([leaf]) };
  }
  if (expression.type === "chain") {
    const operands = expression.operands.map((operand) => planNode(operand, comparisons));
    const leaves = new Set(operands.flatMap((operand) => [...operand.leaves]));
    return { type: "chain", operator: expression.operator, operands, leaves };
  }
  let operand = planNode(expression.expression, comparisons);
  const { leaves } = operand;
  for (const qualifier of expression.qualifiers) {
    if (qualifier.type === "within") {
      operand = { type: "within", operand, span: Number(qualifier.seconds) * 1e6, leaves };
    } else if (qualifier.type === "repeats") {
      operand = { type: "repeats", operand, times: Number(qualifier.times), leaves };
    } else {
      // A time that no calendar has lets nothing through.
      const start = microseconds(qualifier.start) ?? Infinity;
      const stop = microseconds(qualifier.stop) ?? -Infinity;
      operand = { type: "between", operand, start, stop, leaves };
    }
  }
  return operand;
}

export function planPattern(expression: ObservationExpression): PlannedPattern {
  const comparisons: Comparison[] = [];
  return { plan: planNode(expression, comparisons), comparisons };
}

/** The longest time between two observations of one match, microseconds; `Infinity` if unbounded. */
export function horizon(plan: Plan): number {
  switch (plan.type) {
    case "leaf":
      return 0;
    case "within":
      return Math.min(plan.span, horizon(plan.operand));
    case "between":
      return Math.min(Math.max(0, plan.stop - plan.start), horizon(plan.operand));
    case "repeats":
      return plan.times === 1 ? horizon(plan.operand) : Infinity;
    case "chain":
      return plan.operator === "OR" ? Math.max(...plan.operands.map(horizon)) : Infinity;
  }
}

/** How many observations a match can contain at most. */
export function multiplicity(plan: Plan): number {
  if (plan.type === "leaf") return 1;
  if (plan.type === "chain") {
    const counts = plan.operands.map(multiplicity);
    if (plan.operator === "OR") return counts.reduce((most, count) => Math.max(most, count), 0);
    return counts.reduce((sum, count) => sum + count, 0);
  }
  return multiplicity(plan.operand) * (plan.type === "repeats" ? plan.times : 1);
}
