import type { ListLayout } from "./list_fields.ts";
import { MOST_ROWS, type Question, scalarQuestions } from "./plan.ts";
import type { FormContext } from "./predicates.ts";
import type { Trust } from "./trust.ts";

/**
 * What to ask instead of a question that failed: one that the node refused in
 * another form, so that a form that it does not know costs no value its answer;
 * else each half alone, down to the value that is the cause. Undefined if nothing
 * is left to try.
 */
export function insteadOf(
  question: Question,
  refused: boolean,
  context: FormContext,
  batchSize: number,
  trust: Trust,
  /** Layouts that the hunt reads whole; one may be added. */
  read: Set<string>,
): readonly Question[] | undefined {
  const other = refused ? inOtherForm(question, context, batchSize, trust, read) : undefined;
  return other ?? halves(question);
}

function inOtherForm(
  { units, where }: Question,
  context: FormContext,
  batchSize: number,
  trust: Trust,
  read: Set<string>,
): readonly Question[] | undefined {
  switch (where.type) {
    case "scalars":
      if (where.style === "plain") return undefined;
      return scalarQuestions(units, context, batchSize, "plain");
    case "both":
      return [
        { units, where: { type: "scalars", style: "plain" } },
        ...where.layouts.map((layout) => listsOf(units, [layout])),
      ];
    case "lists": {
      if (where.layouts.length > 1) return where.layouts.map((layout) => listsOf(units, [layout]));
      const { layout } = where.layouts[0]!;
      if ((context.layouts?.get(layout) ?? Infinity) > MOST_ROWS) return undefined;
      trust.sweep(layout, "refuses to look into lists");
      // All that a hunt looks for is credited in the events that another question reads.
      if (read.has(layout)) return [];
      read.add(layout);
      return [{ units, where: { type: "layout", layout } }];
    }
    case "layout":
      return undefined;
  }
}

function listsOf(units: Question["units"], layouts: readonly ListLayout[]): Question {
  return { units, where: { type: "lists", layouts } };
}

function halves({ units, where }: Question): readonly Question[] | undefined {
  if (units.length === 1 || where.type === "layout") return undefined;
  const middle = units.length >> 1;
  return [{ units: units.slice(0, middle), where }, { units: units.slice(middle), where }];
}
