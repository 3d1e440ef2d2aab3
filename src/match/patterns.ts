/**
 * STIX patterns on the events of logs: each event is seen as cyber observables (by
 * the table of fields) and compared by the rules of equality that plain IoCs have.
 * This finds whatever the specification's own comparison finds, and other
 * spellings of the same value too (docs/patterns.md).
 */
import type { JsonObject } from "../json.ts";
import { TIME_MEMBERS } from "../stix/event_time.ts";
import { parseCidr } from "../stix/ip.ts";
import {
  createPatternMatcher,
  type PatternMatch,
  type PatternMatcherLosses,
} from "../stix/eval/stream.ts";
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
import { observedObjects, observedTime } from "./fields/observed_data.ts";
import { createPatternGate } from "./pattern_gate.ts";
import type { Handle } from "./set.ts";

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

/** Many patterns over events, changeable at any time. */
export interface EventPatterns<T> {
  readonly size: number;
  readonly losses: PatternMatcherLosses;
  /**
   * Throws `InputError` if the pattern is none or can't be evaluated. `open` patterns are
   * looked for in every event that is fed, others only in those that are fed as `held`.
   */
  add(handle: Handle, pattern: string, open?: boolean): void;
  remove(handle: Handle): boolean;
  /**
   * The patterns that an event completes; `item` stands for the event in matches. With
   * `held` false the event holds no value that a pattern which is not open needs.
   */
  feed(event: JsonObject, item: T, held?: boolean): PatternMatch<T>[];
  /** Patterns that had to wait until all events were there; call once, at the end. */
  end(): PatternMatch<T>[];
}

export interface EventPatternsOptions {
  /** `stream` for events as they happen; `any` for file after file, in no order of time. */
  readonly order: "stream" | "any";
}

export function createEventPatterns<T>({ order }: EventPatternsOptions): EventPatterns<T> {
  const matcher = createPatternMatcher<T>({ order, canonical: canonicalAt, lenient: true });
  const gate = createPatternGate({ canonical: canonicalAt, lenient: true });
  let lastTime = 0;
  /** The latest event that was not looked at closely; its time is read when it is needed. */
  let passed: JsonObject | undefined;

  /** An event that tells no time happened when the one before it did. */
  function timeOf(event: JsonObject): number {
    const own = observedTime(event);
    if (own === undefined && passed !== undefined) lastTime = observedTime(passed) ?? lastTime;
    passed = undefined;
    return lastTime = own ?? lastTime;
  }

  return {
    get size() {
      return matcher.size;
    },
    get losses() {
      return matcher.losses;
    },
    add(handle, pattern, open = true) {
      const expression = parseForEvents(pattern);
      matcher.add(handle, expression);
      gate.remove(handle);
      if (open) gate.add(handle, expression);
    },
    remove(handle) {
      gate.remove(handle);
      return matcher.remove(handle);
    },
    feed(event, item, held = false) {
      if (matcher.size === 0) return [];
      if (!held && !gate.admits(event)) {
        if (TIME_MEMBERS.some((name) => event[name] !== undefined)) passed = event;
        return [];
      }
      const time = timeOf(event);
      return matcher.feed({ objects: observedObjects(event), first: time, last: time }, item);
    },
    end: () => matcher.end(),
  };
}
