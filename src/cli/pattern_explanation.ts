/** What `bridge pattern check` tells of a pattern. */
import type { EngineSpec, Support } from "../engines/engine.ts";
import type { Indicator } from "../intel/indicator.ts";
import { pointsOfExpression, prefilterOf } from "../intel/points.ts";
import { unseenPaths } from "../match/fields/coverage.ts";
import type { Observable } from "../match/observable.ts";
import { prepareObstacle } from "../match/pattern_support.ts";
import { regexProblem } from "../stix/eval/regex.ts";
import {
  type Comparison,
  objectTypes,
  type ObservationExpression,
  observations,
  type ParseOptions,
  parsePattern,
  PatternError,
  patternProblems,
  printComparison,
  printPattern,
  printQualifier,
} from "../stix/pattern/mod.ts";

/** An engine as far as it judges indicators. */
interface JudgingEngine {
  readonly spec: EngineSpec;
  supports(indicator: Indicator): Support;
}

/** A node of the tree, with what stands below it. */
export interface ExplainedNode {
  readonly text: string;
  readonly children: readonly ExplainedNode[];
}

export interface PatternExplanation {
  /** The pattern in its normal spelling. */
  readonly pattern: string;
  /** Whether there are no problems; the reference validator takes it then, too. */
  readonly valid: boolean;
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  readonly tree: ExplainedNode;
  readonly engines: readonly ({ readonly name: string } & Support)[];
  /** Values that go to the fast set; undefined if every event has to be looked at. */
  readonly values: readonly Observable[] | undefined;
  /** `alone`: each value fulfils the pattern. `prefilter`: each may. `none`: there are none. */
  readonly lookup: "alone" | "prefilter" | "none";
}

function explainComparison(comparison: Comparison): ExplainedNode {
  if (!("operands" in comparison)) return { text: printComparison(comparison), children: [] };
  const text = comparison.type === "or"
    ? "any of (OR)"
    : mixesTypes(comparison)
    ? "all of (AND)"
    : "all of, on one object (AND)";
  return { text, children: comparison.operands.map(explainComparison) };
}

const CHAINS = {
  AND: "all of, each in an observation of its own (AND)",
  OR: "any of (OR)",
  FOLLOWEDBY: "one after the other (FOLLOWEDBY)",
} as const;

function explainExpression(expression: ObservationExpression): ExplainedNode {
  if (expression.type === "observation") {
    return { text: "one observation", children: [explainComparison(expression.comparison)] };
  }
  if (expression.type === "chain") {
    const children = expression.operands.map(explainExpression);
    return { text: CHAINS[expression.operator], children };
  }
  const text = expression.qualifiers.map(printQualifier).join(", then ");
  return { text, children: [explainExpression(expression.expression)] };
}

/** The usual slip: a qualifier that was meant for a whole chain stands on its last part. */
function strayQualifiers(expression: ObservationExpression): string[] {
  if (expression.type === "observation") return [];
  if (expression.type === "qualified") return strayQualifiers(expression.expression);
  const { operator, operands } = expression;
  const last = operands.at(-1)!;
  const found = operands.flatMap(strayQualifiers);
  const stray = operator !== "OR" && last.type === "qualified" &&
    last.expression.type === "observation" &&
    last.qualifiers.some(({ type }) => type === "within") &&
    !last.qualifiers.some(({ type }) => type === "repeats");
  if (stray) {
    found.push(
      `WITHIN stands on the last observation alone, where it says nothing; ` +
        `put the ${operator} in parentheses to bind it`,
    );
  }
  return found;
}

/** Whether an AND joins comparisons on two types of object. */
function mixesTypes(comparison: Comparison): boolean {
  if (!("operands" in comparison)) return false;
  const [first, ...others] = comparison.operands.map(objectTypes);
  return comparison.operands.some(mixesTypes) ||
    (comparison.type === "and" && others.some((types) => types.isDisjointFrom(first!)));
}

function regexProblems(comparison: Comparison): string[] {
  if ("operands" in comparison) return comparison.operands.flatMap(regexProblems);
  if (comparison.type !== "test" || comparison.operator !== "MATCHES") return [];
  const [constant] = comparison.constants;
  const problem = constant?.type === "string" ? regexProblem(constant.value) : undefined;
  return problem === undefined ? [] : [problem];
}

const MIXED =
  "AND within […] joins comparisons on different types of object: in logs one event has to " +
  "hold an object for each, in STIX observed-data this is never fulfilled";

/** What can be said of a text that is no pattern. Rethrows other errors. */
export function refusal(pattern: string, error: unknown) {
  if (!(error instanceof PatternError)) throw error;
  const { message, line, column } = error;
  return { pattern, valid: false, problems: [message], line, column };
}

/** Throws `PatternError` if the text is no pattern. */
export async function explainPattern(
  text: string,
  engines: readonly JudgingEngine[],
  options: ParseOptions = {},
): Promise<PatternExplanation> {
  await prepareObstacle(text);
  const expression = parsePattern(text, options);
  const problems = [
    ...patternProblems(text, options).map(({ message, column }) => `${message} (column ${column})`),
    ...observations(expression).flatMap(regexProblems),
  ];
  const { points, reason } = pointsOfExpression(expression);
  const indicator: Indicator = {
    id: "indicator--00000000-0000-4000-8000-000000000000",
    pattern: text,
    stix: {},
    points,
  };
  const prefilter = points.length > 0 ? points : prefilterOf(expression);
  const unseen = unseenPaths(expression);
  const notes = [
    ...(reason === undefined ? [] : [`The pattern ${reason}`]),
    ...strayQualifiers(expression),
    ...(observations(expression).some(mixesTypes) ? [MIXED] : []),
    ...(unseen.length === 0 ? [] : [`No log here tells ${unseen.join(", ")} (see bridge fields)`]),
  ];
  return {
    pattern: printPattern(expression),
    valid: problems.length === 0,
    problems,
    notes,
    tree: explainExpression(expression),
    engines: engines.map(({ spec, supports }) => ({ name: spec.name, ...supports(indicator) })),
    values: prefilter,
    lookup: points.length > 0 ? "alone" : prefilter === undefined ? "none" : "prefilter",
  };
}

function renderTree({ text, children }: ExplainedNode, indent: string): string[] {
  return [`${indent}${text}`, ...children.flatMap((child) => renderTree(child, `${indent}  `))];
}

function renderSupport(support: Support): string {
  return support.type === "whole"
    ? "finds it"
    : support.type === "superset"
    ? `finds more and filters it here: ${support.reason}`
    : `can't find it: ${support.reason}`;
}

/** Values shown before the rest is only counted. */
const SHOWN = 20;

function renderValues({ values, lookup }: PatternExplanation): string[] {
  if (values === undefined) return ["values     none: every event has to be looked at"];
  const head = lookup === "alone"
    ? "values     each alone fulfils the pattern"
    : "values     one of them is in every event that can matter";
  const shown = values.slice(0, SHOWN).map(({ kind, value }) => `  ${kind} ${value}`);
  const rest = values.length - shown.length;
  return [head, ...shown, ...(rest > 0 ? [`  and ${rest} more`] : [])];
}

/** For people. */
export function renderExplanation(explanation: PatternExplanation): string {
  const { pattern, valid, problems, notes, tree, engines } = explanation;
  return [
    `pattern    ${pattern}`,
    `valid      ${valid ? "yes" : "no"}`,
    ...problems.map((problem) => `  ${problem}`),
    ...(notes.length === 0 ? [] : ["notes", ...notes.map((note) => `  ${note}`)]),
    "tree",
    ...renderTree(tree, "  "),
    "engines",
    ...engines.map((engine) => `  ${engine.name.padEnd(6)} ${renderSupport(engine)}`),
    ...renderValues(explanation),
    "",
  ].join("\n");
}
