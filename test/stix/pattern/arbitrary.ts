/** Random pattern trees in the normal form that the parser gives. */
import { Buffer } from "node:buffer";
import * as fc from "fast-check";
import type {
  Comparison,
  Constant,
  ObjectPath,
  ObservationExpression,
  PathStep,
  Qualifier,
} from "../../../src/stix/pattern/mod.ts";

const string = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.constantFrom("'", "\\'"));
const digits = fc.nat().map(String);

export const constant: fc.Arbitrary<Constant> = fc.oneof(
  fc.record({ type: fc.constant("string" as const), value: string }),
  fc.record({ type: fc.constant("boolean" as const), value: fc.boolean() }),
  fc.integer().map((n): Constant => ({ type: "integer", text: String(n) })),
  fc.tuple(fc.constantFrom("", "-"), digits, fc.stringMatching(/^[0-9]{1,6}$/))
    .map(([sign, whole, rest]): Constant => ({ type: "float", text: `${sign}${whole}.${rest}` })),
  fc.uint8Array().map((bytes): Constant => ({
    type: "hex",
    text: Buffer.from(bytes).toString("hex"),
  })),
  fc.uint8Array({ minLength: 1 }).map((bytes): Constant => ({
    type: "binary",
    text: Buffer.from(bytes).toString("base64"),
  })),
  fc.date({ noInvalidDate: true, min: new Date(0), max: new Date("2200-01-01") })
    .map((date): Constant => ({ type: "timestamp", text: date.toISOString() })),
);
const orderable = constant.filter(({ type }) => type !== "boolean");

const key = fc.oneof(
  fc.constantFrom("value", "hashes", "SHA-256", "IN", "true", "dst_ref", "x y"),
  string,
).map((name): PathStep => ({ type: "key", name }));
const step: fc.Arbitrary<PathStep> = fc.oneof(
  key,
  fc.nat({ max: 9 }).map((index): PathStep => ({ type: "index", index })),
  fc.constant<PathStep>({ type: "every" }),
);
export const path: fc.Arbitrary<ObjectPath> = fc.record({
  objectType: fc.constantFrom("file", "ipv4-addr", "x_thing", "network-traffic"),
  steps: fc.tuple(key, fc.array(step, { maxLength: 3 })).map(([first, rest]) => [first, ...rest]),
});

const test: fc.Arbitrary<Comparison> = fc.tuple(path, fc.boolean()).chain(([path, negated]) => {
  const base = { type: fc.constant("test" as const), path: fc.constant(path) };
  const one = (constant: fc.Arbitrary<Constant>) => constant.map((value) => [value]);
  const text = fc.record({ type: fc.constant("string" as const), value: string });
  const rest = { ...base, negated: fc.constant(negated) };
  return fc.oneof(
    fc.record({
      ...rest,
      operator: fc.constantFrom("=" as const, "!=" as const),
      constants: one(constant),
    }),
    fc.record({
      ...rest,
      operator: fc.constantFrom("<" as const, "<=" as const, ">" as const, ">=" as const),
      constants: one(orderable),
    }),
    fc.record({ ...rest, operator: fc.constant("IN" as const), constants: fc.array(constant) }),
    fc.record({
      ...rest,
      operator: fc.constantFrom("LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"),
      constants: one(text),
    }),
    fc.record({
      type: fc.constant("exists" as const),
      path: fc.constant(path),
      negated: fc.constant(negated),
    }),
  );
});

export const { comparison } = fc.letrec<{ comparison: Comparison }>((tie) => ({
  comparison: fc.oneof(
    { maxDepth: 3 },
    test,
    fc.record({
      type: fc.constantFrom("and" as const, "or" as const),
      operands: fc.array(tie("comparison"), { minLength: 2, maxLength: 4 }),
    }),
  ),
}));

const qualifier: fc.Arbitrary<Qualifier> = fc.oneof(
  digits.map((seconds): Qualifier => ({ type: "within", seconds })),
  digits.map((times): Qualifier => ({ type: "repeats", times })),
  fc.tuple(fc.constantFrom("2024-01-31T00:00:00Z", "2024-02-01T00:00:00.5Z"), fc.boolean())
    .map(([start, quoted]): Qualifier => ({
      type: "startstop",
      start,
      stop: "2025-01-01T00:00:00Z",
      quoted,
    })),
);

type Unqualified = Exclude<ObservationExpression, { type: "qualified" }>;
export const { pattern } = fc.letrec<{ pattern: ObservationExpression; bare: Unqualified }>(
  (tie) => ({
    bare: fc.oneof(
      { maxDepth: 3 },
      fc.record({ type: fc.constant("observation" as const), comparison }),
      fc.record({
        type: fc.constant("chain" as const),
        operator: fc.constantFrom("AND" as const, "OR" as const, "FOLLOWEDBY" as const),
        operands: fc.array(tie("pattern"), { minLength: 2, maxLength: 3 }),
      }),
    ),
    pattern: fc.oneof(
      tie("bare"),
      fc.record({
        type: fc.constant("qualified" as const),
        expression: tie("bare"),
        qualifiers: fc.array(qualifier, { minLength: 1, maxLength: 2 }),
      }),
    ),
  }),
);
