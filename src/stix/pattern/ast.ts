/**
 * The tree of a STIX pattern (STIX 2.1 §9). Chains of one operator are kept flat
 * (`a OR b OR c` is one node), so that feeds with thousands of alternatives make
 * wide trees and no deep ones. Nothing here says where in the text a node stood:
 * two spellings of a pattern give the same tree.
 */

/** Operators between observation expressions, loosest binding first. */
export const OBSERVATION_OPERATORS = ["FOLLOWEDBY", "OR", "AND"] as const;

/** Comparison operators in their one spelling (`==` is `=`, `<>` is `!=`). */
const COMPARISON_OPERATORS = [
  "=",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "IN",
  "LIKE",
  "MATCHES",
  "ISSUBSET",
  "ISSUPERSET",
] as const;

export type ObservationOperator = typeof OBSERVATION_OPERATORS[number];
export type ComparisonOperator = typeof COMPARISON_OPERATORS[number];

/** A constant; `text` is what stands between the quotes, or the digits. */
export type Constant =
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "boolean"; readonly value: boolean }
  | { readonly type: "integer"; readonly text: string }
  | { readonly type: "float"; readonly text: string }
  | { readonly type: "hex"; readonly text: string }
  | { readonly type: "binary"; readonly text: string }
  | { readonly type: "timestamp"; readonly text: string };

/** One step along an object path: a property, a list index, or every element of a list. */
export type PathStep =
  | { readonly type: "key"; readonly name: string }
  | { readonly type: "index"; readonly index: number }
  | { readonly type: "every" };

/** `network-traffic:dst_ref.value`; the first step is always a key. */
export interface ObjectPath {
  readonly objectType: string;
  readonly steps: readonly PathStep[];
}

/** One test of the values that a path selects. */
export interface Test {
  readonly type: "test";
  readonly path: ObjectPath;
  readonly operator: ComparisonOperator;
  readonly negated: boolean;
  /** One constant; for `IN` all members, maybe none. */
  readonly constants: readonly Constant[];
}

/** Whether a path selects anything (STIX 2.1 only). */
export interface Exists {
  readonly type: "exists";
  readonly path: ObjectPath;
  readonly negated: boolean;
}

/** Comparisons joined by one operator; two operands at least. */
export interface ComparisonChain {
  readonly type: "and" | "or";
  readonly operands: readonly Comparison[];
}

/** What stands inside `[…]`. */
export type Comparison = Test | Exists | ComparisonChain;

/** Narrows an observation expression in time or number. */
export type Qualifier =
  | { readonly type: "within"; readonly seconds: string }
  | { readonly type: "repeats"; readonly times: string }
  /** RFC 3339 texts; `quoted` is STIX 2.0's spelling as plain strings. */
  | {
    readonly type: "startstop";
    readonly start: string;
    readonly stop: string;
    readonly quoted: boolean;
  };

/** `[…]`: fulfilled by one observation. */
export interface Observation {
  readonly type: "observation";
  readonly comparison: Comparison;
}

/** Observation expressions joined by one operator; two operands at least. */
export interface ObservationChain {
  readonly type: "chain";
  readonly operator: ObservationOperator;
  readonly operands: readonly ObservationExpression[];
}

/** An expression with qualifiers, applied from left to right. */
export interface Qualified {
  readonly type: "qualified";
  readonly expression: ObservationExpression;
  readonly qualifiers: readonly Qualifier[];
}

/** A whole pattern or a part of it. */
export type ObservationExpression = Observation | ObservationChain | Qualified;
