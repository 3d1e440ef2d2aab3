import { scalarPredicates, type Style, styleFor, weightOf } from "./forms.ts";
import { LIST_LAYOUTS, type ListLayout } from "./list_fields.ts";
import { type FormContext, isAskable } from "./predicates.ts";
import type { Trust } from "./trust.ts";
import type { Unit } from "./units.ts";

/**
 * What is asked in which queries. Values in scalar fields go by the thousand into
 * lists. Values inside list fields go along as predicates of their own while they
 * are few; when they are many, all events of those layouts are read, or, where
 * that would be more work, predicates go in queries of a hundred.
 */

/** A question that one query answers. */
export interface Question {
  /** What its rows are credited to. */
  readonly units: readonly Unit[];
  /** Where it looks. */
  readonly where:
    | { readonly type: "scalars"; readonly style: Style }
    /** Also inside the lists of these layouts. */
    | { readonly type: "both" | "lists"; readonly layouts: readonly ListLayout[] }
    /** All events of a layout. */
    | { readonly type: "layout"; readonly layout: string };
}

/** Up to so many values go along with their list predicates; `||` of many costs by the square. */
const FEW = 20;

/** Predicates in one query; 100 cost 1.1 s on a small node, 1,000 cost 16 s. */
const PREDICATES = 100;

/** A query of `PREDICATES` predicates costs as much as reading so many events. */
const ROWS_PER_QUERY = 20_000;

/** Reading up to so many events is always fine. */
const FEW_ROWS = 40_000;

/** Nobody wants so many events read for a few subnets. */
export const MOST_ROWS = 5_000_000;

/** `:string in […]` looks into every field: so many values take seconds on a small node. */
const PLAIN_BATCH = 500;

/** Decides for a set of units. Units that can't be asked for are left out. */
export function planQuestions(
  units: readonly Unit[],
  context: FormContext,
  batchSize: number,
  trust: Trust,
): Question[] {
  const askable = units.filter(({ value }) => isAskable(value));
  const present = LIST_LAYOUTS.filter(({ layout }) => (context.layouts?.get(layout) ?? 1) > 0)
    .filter(({ layout }) => context.layouts?.has(layout) ?? true);
  if (askable.length === 0) return [];
  const weight = askable.reduce((sum, unit) => sum + weightOf(unit, context), 0);
  const loose = askable.some((unit) => weightOf(unit, context) > 1);
  const untrusted = present.some(({ layout }) => trust.isSwept(layout));
  if (weight <= FEW && !loose && !untrusted) {
    return [{ units: askable, where: { type: "both", layouts: present } }];
  }
  const { swept, listed } = chooseSweeps(askable, present, context, trust);
  return [
    ...swept.map((layout): Question => ({ units: askable, where: { type: "layout", layout } })),
    ...scalarQuestions(askable, context, batchSize, trust.named ? undefined : "plain"),
    ...listQuestions(askable, listed),
  ];
}

/** Asks for all units in scalar fields, in a style if one is given. */
export function scalarQuestions(
  units: readonly Unit[],
  context: FormContext,
  batchSize: number,
  style?: Style,
): Question[] {
  const most = style === "plain" ? Math.min(PLAIN_BATCH, batchSize) : batchSize;
  return chunk(units, most, (unit) => weightOf(unit, context))
    .map((units) => ({ units, where: { type: "scalars", style: style ?? styleFor(units) } }));
}

function chooseSweeps(
  units: readonly Unit[],
  present: readonly ListLayout[],
  { layouts, subdomains }: FormContext,
  trust: Trust,
) {
  const swept: string[] = [];
  const listed: ListLayout[] = [];
  const prefixes = units.some(({ kind }) => kind === "cidr" || (subdomains && kind === "domain"));
  for (const layout of present) {
    const predicates = units.reduce((sum, unit) => sum + layout.predicates(unit).length, 0);
    if (predicates === 0 && !prefixes) continue;
    const rows = layouts?.get(layout.layout) ?? Infinity;
    const worth = (predicates / PREDICATES) * ROWS_PER_QUERY;
    const most = Math.max(FEW_ROWS, worth, prefixes ? MOST_ROWS : 0);
    if (rows <= most || trust.isSwept(layout.layout)) swept.push(layout.layout);
    else if (predicates > 0) listed.push(layout);
  }
  return { swept, listed };
}

function listQuestions(units: readonly Unit[], layouts: readonly ListLayout[]): Question[] {
  const count = (unit: Unit) =>
    layouts.reduce((sum, layout) => sum + layout.predicates(unit).length, 0);
  const inLists = units.filter((unit) => count(unit) > 0);
  return chunk(inLists, PREDICATES, count)
    .map((units): Question => ({ units, where: { type: "lists", layouts } }));
}

/** Splits in order so that no part weighs more than `most`, but each has one member at least. */
export function chunk<T>(items: readonly T[], most: number, weigh: (item: T) => number): T[][] {
  const parts: T[][] = [];
  let room = 0;
  for (const item of items) {
    const weight = weigh(item);
    if (weight > room || parts.length === 0) {
      parts.push([]);
      room = most;
    }
    parts.at(-1)!.push(item);
    room -= weight;
  }
  return parts;
}

/** Writes the query of a question; empty if there is nothing to ask. */
export function queryOf({ units, where }: Question, context: FormContext): string {
  if (where.type === "layout") return `#type == "${where.layout}"`;
  const style = where.type === "scalars" ? where.style : "plain";
  const scalars = where.type === "lists" ? [] : scalarPredicates(units, context, style);
  const lists = where.type === "scalars"
    ? []
    : where.layouts.flatMap((layout) => units.flatMap((unit) => layout.predicates(unit)));
  return [...scalars, ...lists].join(" || ");
}
