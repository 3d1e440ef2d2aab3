/**
 * Finds observations that together fulfil a pattern (STIX 2.1 §9.3 and §9.4): each
 * bound to at most one `[…]`, in an order and within times as the operators and
 * qualifiers ask. A search with continuations: a node calls on with every way
 * to fulfil it until someone is content.
 *
 * An observation may be a stretch of time; then any instant of it counts. So
 * only two numbers of a set matter: the latest `first` and the earliest `last`.
 */
import type { Plan } from "./plan.ts";

/** One observation that a leaf of the pattern may be bound to. */
export interface Entry {
  readonly first: number;
  readonly last: number;
  /** Bound at the moment; for the solver alone. */
  used: boolean;
}

/** What is to be solved. */
export interface Problem<E extends Entry> {
  readonly plan: Plan;
  /** For each leaf the observations that fulfil it, by `first`. */
  readonly candidates: readonly (readonly E[])[];
  /** An observation that the solution must contain, and the leaves it fulfils. */
  readonly must?: { readonly entry: E; readonly leaves: ReadonlySet<number> };
  /** How many bindings may be tried. */
  readonly budget: number;
}

/** Outcome: the members of a solution (undefined if there is none), or the budget was not enough. */
export interface Solution<E> {
  readonly members: E[] | undefined;
  readonly exhausted: boolean;
}

/** What surrounding nodes ask of every member of a node. */
interface Limits {
  /** Members end at or after `low`, begin at or before `high`, and before `stop`. */
  readonly low: number;
  readonly high: number;
  readonly stop: number;
  /** The tightest WITHIN around. */
  readonly span: number;
}

/** Called with the latest `first` and earliest `last` of a node's members; true ends the search. */
type Then = (first: number, last: number) => boolean;

/** Thrown inside `solve` only. */
class Exhausted extends Error {}

export function solve<E extends Entry>(problem: Problem<E>): Solution<E> {
  const { plan, must } = problem;
  if (must !== undefined && !hosts(plan)) return { members: undefined, exhausted: false };
  const members: E[] = [];
  let left = problem.budget;

  function hosts(node: Plan): boolean {
    for (const leaf of must!.leaves) if (node.leaves.has(leaf)) return true;
    return false;
  }

  function bind(entry: E, then: () => boolean): boolean {
    if (--left < 0) throw new Exhausted();
    entry.used = true;
    members.push(entry);
    if (then()) return true;
    members.pop();
    entry.used = false;
    return false;
  }

  function isInside({ first, last }: E, { low, high, stop }: Limits): boolean {
    return last >= low && first <= high && first < stop;
  }

  function fits(entry: E, limits: Limits): boolean {
    return !entry.used && entry !== must?.entry && isInside(entry, limits);
  }

  /** Whether the wanted observation can stand for a leaf here. */
  function mustFits(number: number, limits: Limits): boolean {
    const { entry, leaves } = must!;
    return leaves.has(number) && !entry.used && isInside(entry, limits);
  }

  function node(plan: Plan, host: boolean, limits: Limits, then: Then): boolean {
    switch (plan.type) {
      case "leaf":
        return leaf(plan.leaf, host, limits, then);
      case "within": {
        const span = Math.min(limits.span, plan.span);
        return node(plan.operand, host, { ...limits, span }, (first, last) => {
          return first - last <= plan.span && then(first, last);
        });
      }
      case "between": {
        if (plan.start >= plan.stop) return false;
        const low = Math.max(limits.low, plan.start);
        const stop = Math.min(limits.stop, plan.stop);
        return node(plan.operand, host, { ...limits, low, stop }, then);
      }
      case "repeats":
        if (plan.times < 1) return false;
        if (plan.times === 1) return node(plan.operand, host, limits, then);
        if (plan.operand.type === "leaf") {
          return run(plan.operand.leaf, plan.times, host, limits, then) ||
            (plan.times <= SMALL && repeat(plan.operand, plan.times, host, limits, then));
        }
        return repeat(plan.operand, plan.times, host, limits, then);
      case "chain":
        if (plan.operator === "OR") {
          return plan.operands.some((operand) =>
            (!host || hosts(operand)) && node(operand, host, limits, then)
          );
        }
        return chain(plan.operands, plan.operator === "FOLLOWEDBY", host, limits, then);
    }
  }

  function leaf(number: number, host: boolean, limits: Limits, then: Then): boolean {
    if (host) {
      const { entry } = must!;
      return mustFits(number, limits) && bind(entry, () => then(entry.first, entry.last));
    }
    for (const entry of problem.candidates[number]!) {
      if (fits(entry, limits) && bind(entry, () => then(entry.first, entry.last))) return true;
    }
    return false;
  }

  /**
   * So many observations of one leaf, taken as neighbours in time: any other
   * choice spans at least as much. Only where several leaves compete for the same
   * observations may neighbours be taken by another; `repeat` tries the rest.
   */
  function run(number: number, times: number, host: boolean, limits: Limits, then: Then): boolean {
    if (host && !mustFits(number, limits)) return false;
    const eligible = problem.candidates[number]!.filter((entry) => fits(entry, limits));
    if (host) insertByTime(eligible, must!.entry);
    const fixed = host ? eligible.indexOf(must!.entry) : -1;
    const begin = host ? Math.max(0, fixed - times + 1) : 0;
    const end = host ? fixed : eligible.length - times;
    for (let at = begin; at <= end && at + times <= eligible.length; at++) {
      const taken = eligible.slice(at, at + times);
      if ((left -= 1) < 0) throw new Exhausted();
      const first = taken.reduce((most, entry) => Math.max(most, entry.first), -Infinity);
      const last = taken.reduce((least, entry) => Math.min(least, entry.last), Infinity);
      if (first - last > limits.span) continue;
      for (const entry of taken) entry.used = true;
      members.push(...taken);
      if (then(first, last)) return true;
      members.length -= times;
      for (const entry of taken) entry.used = false;
    }
    return false;
  }

  /** Disjoint repetitions, in the order of their first member so that no set is tried twice. */
  function repeat(
    operand: Plan,
    times: number,
    host: boolean,
    limits: Limits,
    then: Then,
  ): boolean {
    const order = (entry: E) => entry.first;
    const go = (
      round: number,
      hostRound: number,
      after: number,
      first: number,
      last: number,
    ): boolean => {
      if (round === times) return then(first, last);
      const start = members.length;
      const narrowed = narrow(limits, first, last);
      return node(operand, round === hostRound, narrowed, (nextFirst, nextLast) => {
        const position = order(members[start]!);
        if (round !== hostRound && position < after) return false;
        const [most, least] = [Math.max(first, nextFirst), Math.min(last, nextLast)];
        if (most - least > limits.span) return false;
        return go(round + 1, hostRound, round === hostRound ? after : position, most, least);
      });
    };
    return go(0, host ? 0 : -1, -Infinity, -Infinity, Infinity);
  }

  /** All operands; that which takes the wanted observation goes first, as it narrows the others. */
  function chain(
    operands: readonly Plan[],
    ordered: boolean,
    host: boolean,
    limits: Limits,
    then: Then,
  ): boolean {
    const all = operands.map((_, index) => index);
    if (!host) return inTurn(all, -1);
    return all.some((index) =>
      hosts(operands[index]!) && inTurn([index, ...all.filter((other) => other !== index)], index)
    );

    function inTurn(turns: readonly number[], hosting: number): boolean {
      const firsts: (number | undefined)[] = operands.map(() => undefined);
      const lasts: (number | undefined)[] = operands.map(() => undefined);
      const go = (turn: number, first: number, last: number): boolean => {
        if (turn === turns.length) return then(first, last);
        const index = turns[turn]!;
        let narrowed = narrow(limits, first, last);
        if (ordered) narrowed = between(narrowed, index, firsts, lasts);
        return node(operands[index]!, index === hosting, narrowed, (nextFirst, nextLast) => {
          const [most, least] = [Math.max(first, nextFirst), Math.min(last, nextLast)];
          if (most - least > limits.span) return false;
          firsts[index] = nextFirst;
          lasts[index] = nextLast;
          if (go(turn + 1, most, least)) return true;
          firsts[index] = lasts[index] = undefined;
          return false;
        });
      };
      return go(0, -Infinity, Infinity);
    }
  }

  try {
    const free = { low: -Infinity, high: Infinity, stop: Infinity, span: Infinity };
    const found = node(plan, must !== undefined, free, () => true);
    return { members: found ? [...members] : undefined, exhausted: false };
  } catch (error) {
    if (error instanceof Exhausted) return { members: undefined, exhausted: true };
    throw error;
  } finally {
    for (const entry of members) entry.used = false;
  }
}

/** Repetitions up to this many are also tried in every combination. */
const SMALL = 8;

/** Limits for one more member of a set that spans `first` to `last` so far. */
function narrow(limits: Limits, first: number, last: number): Limits {
  if (limits.span === Infinity) return limits;
  return {
    ...limits,
    low: Math.max(limits.low, first - limits.span),
    high: Math.min(limits.high, last + limits.span),
  };
}

/** Limits for an operand of FOLLOWEDBY: after those on its left, before those on its right. */
function between(
  limits: Limits,
  index: number,
  firsts: readonly (number | undefined)[],
  lasts: readonly (number | undefined)[],
): Limits {
  let { low, high } = limits;
  for (let other = 0; other < firsts.length; other++) {
    if (firsts[other] === undefined) continue;
    if (other < index) low = Math.max(low, firsts[other]!);
    else if (other > index) high = Math.min(high, lasts[other]!);
  }
  return { ...limits, low, high };
}

/** Puts an entry behind those that begin no later. */
export function insertByTime<E extends Entry>(entries: E[], entry: E): void {
  let at = entries.length;
  while (at > 0 && entries[at - 1]!.first > entry.first) at--;
  entries.splice(at, 0, entry);
}
