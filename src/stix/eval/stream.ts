/**
 * Patterns on a stream of observations, one at a time. An observation is tested
 * against the few comparisons that its values can fulfil; those that wait for
 * others (AND, FOLLOWEDBY, REPEATS) are kept as long as they can matter.
 */
import type { ObservationExpression } from "../pattern/ast.ts";
import { compileComparison, type ObservationTest } from "./comparison.ts";
import { createKeyIndex } from "./keys.ts";
import type { Observation } from "./observation.ts";
import { horizon, multiplicity, type Plan, type PlannedPattern, planPattern } from "./plan.ts";
import { type Entry, insertByTime, solve } from "./solve.ts";
import type { Selector } from "./select.ts";
import type { TestOptions } from "./test.ts";

/** A pattern that was fulfilled. */
export interface PatternMatch<T> {
  readonly handle: number;
  /** What took part, by time; what was fed last is among them. */
  readonly events: readonly T[];
  /** Those of them that no earlier match of this pattern named. */
  readonly fresh: readonly T[];
}

export interface PatternMatcherOptions extends TestOptions {
  /**
   * `stream`: roughly in the order of time, so that what is older than a pattern's
   * window can be let go. `any`: in any order (file after file); what depends on
   * time is decided in `end`.
   */
  readonly order?: "stream" | "any";
  /** Observations kept for all patterns together. */
  readonly maxKept?: number;
}

/** What a matcher could not do, counted. */
export interface PatternMatcherLosses {
  /** Observations let go early, as too many were kept; matches with them are missed. */
  readonly dropped: number;
  /** Searches given up, as a pattern had too many ways to match. */
  readonly exhausted: number;
}

/** Many patterns, changeable at any time. */
export interface PatternMatcher<T> {
  readonly size: number;
  readonly losses: PatternMatcherLosses;
  /** Throws `InputError` if the pattern can't be evaluated (a regular expression beyond RE2). */
  add(handle: number, pattern: ObservationExpression): void;
  remove(handle: number): boolean;
  /** Patterns that this observation completes. */
  feed(observation: Observation, event: T): PatternMatch<T>[];
  /** Patterns that were waiting for the order of time to be known; call once, at the end. */
  end(): PatternMatch<T>[];
}

interface Kept<T> extends Entry {
  readonly event: T;
  reported: boolean;
  /** Lists that hold it; at 0 it is let go. */
  lists: number;
}

/** One way to fulfil a pattern: an operand of its outermost ORs. */
interface Alternative<T> {
  readonly owner: Owner<T>;
  readonly planned: PlannedPattern;
  readonly leaves: readonly Leaf<T>[];
  /** Fulfilled by one observation alone, at any time. */
  readonly simple: boolean;
  readonly horizon: number;
  /** Most candidates kept of a leaf. */
  readonly capacity: number;
  readonly candidates: Kept<T>[][];
  budget: number;
}

interface Owner<T> {
  readonly handle: number;
  alternatives: Alternative<T>[];
}

interface Leaf<T> {
  readonly alternative: Alternative<T>;
  readonly number: number;
  readonly holds: ObservationTest;
}

const MAX_KEPT = 200_000;
/** Fewest candidates kept of a leaf before the oldest goes. */
const CAPACITY = 1024;
/** How much later than younger ones an observation may come, microseconds (flows are logged when they end). */
const LATENESS = 300e6;
/** Bindings tried for one observation; a pattern that uses them up gets half as many from then on. */
const BUDGET = 20_000;
const LEAST_BUDGET = 200;

/** The operands of the outermost ORs, each a pattern of its own. */
function alternativesOf(expression: ObservationExpression): ObservationExpression[] {
  if (expression.type !== "chain" || expression.operator !== "OR") return [expression];
  return expression.operands.flatMap(alternativesOf);
}

export function createPatternMatcher<T>(options: PatternMatcherOptions = {}): PatternMatcher<T> {
  const { order = "stream", maxKept = MAX_KEPT } = options;
  const owners = new Map<number, Owner<T>>();
  const index = createKeyIndex<Leaf<T>>(options);
  const shared = { ...options, selectors: new Map<string, Selector>() };
  let pending: { alternative: Alternative<T>; entry: Kept<T>; leaves: Set<number> }[] = [];
  let kept = 0, dropped = 0, exhausted = 0;

  function compile(owner: Owner<T>, expression: ObservationExpression): Alternative<T> {
    const planned = planPattern(expression);
    const leaves: Leaf<T>[] = [];
    const alternative: Alternative<T> = {
      owner,
      planned,
      leaves,
      simple: planned.plan.type === "leaf",
      horizon: horizon(planned.plan),
      capacity: Math.max(CAPACITY, 2 * multiplicity(planned.plan)),
      candidates: planned.comparisons.map(() => []),
      budget: BUDGET,
    };
    planned.comparisons.forEach((comparison, number) => {
      leaves.push({ alternative, number, holds: compileComparison(comparison, shared) });
    });
    return alternative;
  }

  function release(list: Kept<T>[], count: number): void {
    for (const entry of list.splice(0, count)) if (--entry.lists === 0) kept--;
  }

  /** Lets go of what can't be part of a match with anything from now on. */
  function forget(alternative: Alternative<T>, now: number): void {
    const since = now - alternative.horizon - LATENESS;
    for (const list of alternative.candidates) {
      let old = 0;
      while (old < list.length && list[old]!.last < since) old++;
      if (old > 0) release(list, old);
    }
  }

  function keep(alternative: Alternative<T>, entry: Kept<T>, leaves: ReadonlySet<number>): void {
    for (const leaf of leaves) {
      const list = alternative.candidates[leaf]!;
      if (list.length >= alternative.capacity || kept >= maxKept) {
        if (list.length === 0) {
          dropped++;
          continue;
        }
        release(list, 1);
        // Without a window the latest candidates say as much as all of them, short of order.
        if (alternative.horizon !== Infinity || kept >= maxKept) dropped++;
      }
      insertByTime(list, entry);
      if (entry.lists++ === 0) kept++;
    }
  }

  function complete(
    alternative: Alternative<T>,
    entry: Kept<T>,
    leaves: ReadonlySet<number>,
  ): PatternMatch<T> | undefined {
    const { planned: { plan }, candidates, owner, budget } = alternative;
    if (!isFeasible(plan, candidates, leaves)) return undefined;
    const solution = solve<Kept<T>>({ plan, candidates, must: { entry, leaves }, budget });
    if (solution.exhausted) {
      exhausted++;
      alternative.budget = Math.max(LEAST_BUDGET, budget / 2);
    }
    if (solution.members === undefined) return undefined;
    const members = solution.members.sort((a, b) => a.first - b.first);
    const fresh = members.filter(({ reported }) => !reported).map(({ event }) => event);
    for (const member of members) member.reported = true;
    return { handle: owner.handle, events: members.map(({ event }) => event), fresh };
  }

  function decide(
    alternative: Alternative<T>,
    entry: Kept<T>,
    leaves: ReadonlySet<number>,
  ): PatternMatch<T> | undefined {
    forget(alternative, entry.first);
    const match = complete(alternative, entry, leaves);
    keep(alternative, entry, leaves);
    return match;
  }

  /** The leaves that an observation fulfils, by alternative. */
  function fulfilled(observation: Observation): Map<Alternative<T>, Set<number>> {
    const found = new Map<Alternative<T>, Set<number>>();
    for (const leaf of index.candidates(observation.objects)) {
      if (!leaf.holds(observation.objects)) continue;
      const leaves = found.get(leaf.alternative);
      if (leaves === undefined) found.set(leaf.alternative, new Set([leaf.number]));
      else leaves.add(leaf.number);
    }
    return found;
  }

  return {
    get size() {
      return owners.size;
    },
    get losses() {
      return { dropped, exhausted };
    },
    add(handle, pattern) {
      this.remove(handle);
      const owner: Owner<T> = { handle, alternatives: [] };
      owner.alternatives = alternativesOf(pattern).map((part) => compile(owner, part));
      owners.set(handle, owner);
      for (const { leaves, planned } of owner.alternatives) {
        for (const leaf of leaves) index.add(planned.comparisons[leaf.number]!, leaf);
      }
    },
    remove(handle) {
      const owner = owners.get(handle);
      if (owner === undefined) return false;
      owners.delete(handle);
      for (const { leaves, planned, candidates } of owner.alternatives) {
        for (const leaf of leaves) index.remove(planned.comparisons[leaf.number]!, leaf);
        for (const list of candidates) release(list, list.length);
      }
      pending = pending.filter(({ alternative }) => alternative.owner !== owner);
      return true;
    },
    feed(observation, event) {
      const matches = new Map<number, PatternMatch<T>>();
      const entries = new Map<Owner<T>, Kept<T>>();
      for (const [alternative, leaves] of fulfilled(observation)) {
        const { owner } = alternative;
        const { handle } = owner;
        if (alternative.simple) {
          if (!matches.has(handle)) {
            matches.set(handle, { handle, events: [event], fresh: [event] });
          }
          continue;
        }
        const { first, last } = observation;
        const entry: Kept<T> = entries.get(owner) ??
          { first, last, event, used: false, reported: false, lists: 0 };
        entries.set(owner, entry);
        if (order === "any") {
          if (pending.length < maxKept) pending.push({ alternative, entry, leaves });
          else dropped++;
          continue;
        }
        const match = decide(alternative, entry, leaves);
        const other = matches.get(handle);
        if (match !== undefined) matches.set(handle, other ? merge(other, match) : match);
      }
      return [...matches.values()];
    },
    end() {
      const waiting = pending.sort((a, b) => a.entry.first - b.entry.first);
      pending = [];
      const matches: PatternMatch<T>[] = [];
      for (const { alternative, entry, leaves } of waiting) {
        const match = decide(alternative, entry, leaves);
        if (match !== undefined && match.fresh.length > 0) matches.push(match);
      }
      return matches;
    },
  };
}

/** Two matches of one pattern that the same observation completed, as one. */
function merge<T>(a: PatternMatch<T>, b: PatternMatch<T>): PatternMatch<T> {
  const join = (x: readonly T[], y: readonly T[]) => [...new Set([...x, ...y])];
  return { handle: a.handle, events: join(a.events, b.events), fresh: join(a.fresh, b.fresh) };
}

/** A quick look whether every part has a candidate at all. */
function isFeasible<T>(
  plan: Plan,
  candidates: readonly (readonly Kept<T>[])[],
  leaves: ReadonlySet<number>,
): boolean {
  if (plan.type === "leaf") return leaves.has(plan.leaf) || candidates[plan.leaf]!.length > 0;
  if (plan.type !== "chain") return isFeasible(plan.operand, candidates, leaves);
  const feasible = (operand: Plan) => isFeasible(operand, candidates, leaves);
  return plan.operator === "OR" ? plan.operands.some(feasible) : plan.operands.every(feasible);
}
