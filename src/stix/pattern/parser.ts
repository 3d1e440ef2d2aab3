/**
 * Reads STIX patterns by the OASIS grammar (STIX 2.1 §9 and its ANTLR file, which
 * decides where prose and grammar differ), by recursive descent.
 */
import type {
  Comparison,
  ComparisonOperator,
  Constant,
  ObjectPath,
  ObservationExpression,
  ObservationOperator,
  PathStep,
  Qualifier,
} from "./ast.ts";
import { constantProblems, type Report, setProblems, testProblems } from "./checks.ts";
import { PatternError } from "./error.ts";
import { type Token, tokenize, type TokenType } from "./lexer.ts";

/** Which edition's grammar; without one, what either allows is read. */
export type PatternVersion = "2.0" | "2.1";

export interface ParseOptions {
  readonly version?: PatternVersion;
}

/** Something the grammar allows but no reader can act on, with its column from 1. */
export interface PatternProblem {
  readonly message: string;
  readonly column: number;
  /** It only looks wrong: the pattern can be evaluated as it stands. */
  readonly harmless: boolean;
}

/** Parentheses nested deeper than this are refused, so that no text can exhaust the stack. */
const MAXIMUM_DEPTH = 100;

const LOOSEST_FIRST = ["FOLLOWEDBY", "OR", "AND"] as const;
const STRING_OPERATORS = new Set(["LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"]);
const SPELLINGS: Readonly<Record<string, ComparisonOperator>> = {
  "=": "=",
  "==": "=",
  "!=": "!=",
  "<>": "!=",
  "<": "<",
  "<=": "<=",
  ">": ">",
  ">=": ">=",
  IN: "IN",
  LIKE: "LIKE",
  MATCHES: "MATCHES",
  ISSUBSET: "ISSUBSET",
  ISSUPERSET: "ISSUPERSET",
};
const ORDERABLE: readonly TokenType[] = [
  "integer",
  "float",
  "string",
  "binary",
  "hex",
  "timestamp",
];

/** The text between the quotes of a string token, escapes undone. */
function unquote(text: string): string {
  return text.slice(1, -1).replace(/\\(['\\])/g, "$1");
}

function show(token: Token): string {
  return token.type === "end" ? "the end" : `"${token.text}"`;
}

class Parser {
  #position = 0;
  #depth = 0;
  readonly #tokens: readonly Token[];
  constructor(
    readonly text: string,
    readonly version: PatternVersion | undefined,
    readonly report: Report,
  ) {
    this.#tokens = tokenize(text);
  }

  get #token(): Token {
    return this.#tokens[this.#position]!;
  }

  #is(text: string): boolean {
    const { type } = this.#token;
    return (type === "keyword" || type === "sign") && this.#token.text === text;
  }

  #fail(expected: string, token = this.#token): never {
    throw new PatternError(`Expected ${expected}, found ${show(token)}`, this.text, token.start);
  }

  #next(): Token {
    const token = this.#token;
    this.#position++;
    return token;
  }

  #accept(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#position++;
    return true;
  }

  #expect(text: string, expected = `"${text}"`): void {
    if (!this.#accept(text)) this.#fail(expected);
  }

  #take(types: readonly TokenType[], expected: string): Token {
    if (!types.includes(this.#token.type)) this.#fail(expected);
    return this.#next();
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > MAXIMUM_DEPTH) {
      throw new PatternError(
        `Parentheses are nested deeper than ${MAXIMUM_DEPTH}`,
        this.text,
        this.#token.start,
      );
    }
    const result = read();
    this.#depth--;
    return result;
  }

  pattern(): ObservationExpression {
    const expression = this.#observations(0);
    if (this.#token.type !== "end") {
      this.#fail("AND, OR, FOLLOWEDBY, a qualifier (WITHIN, REPEATS, START) or the end");
    }
    return expression;
  }

  #observations(level: number): ObservationExpression {
    const operator: ObservationOperator | undefined = LOOSEST_FIRST[level];
    if (operator === undefined) return this.#qualified();
    const operands = [this.#observations(level + 1)];
    while (this.#accept(operator)) operands.push(this.#observations(level + 1));
    return operands.length === 1 ? operands[0]! : { type: "chain", operator, operands };
  }

  #qualified(): ObservationExpression {
    const simple = this.#is("[");
    const expression = this.#primary();
    const qualifiers: Qualifier[] = [];
    for (;;) {
      const token = this.#token;
      const qualifier = this.#qualifier();
      if (qualifier === undefined) break;
      if (simple && qualifiers.some((other) => other.type === qualifier.type)) {
        this.report(`${token.text} stands twice on one observation`, token, true);
      }
      qualifiers.push(qualifier);
    }
    if (qualifiers.length === 0) return expression;
    // ([…] WITHIN 5 SECONDS) REPEATS 2 TIMES says the same as the two in a row.
    return expression.type === "qualified"
      ? { ...expression, qualifiers: [...expression.qualifiers, ...qualifiers] }
      : { type: "qualified", expression, qualifiers };
  }

  #primary(): ObservationExpression {
    if (this.#accept("[")) {
      const comparison = this.#alternatives();
      this.#expect("]", 'AND, OR or "]"');
      return { type: "observation", comparison };
    }
    if (!this.#accept("(")) {
      const hint = this.#token.type.endsWith("name")
        ? ' (comparisons stand in square brackets: "[ipv4-addr:value = …]")'
        : "";
      this.#fail(`"[" or "("${hint}`);
    }
    const expression = this.#nested(() => this.#observations(0));
    this.#expect(")", 'AND, OR, FOLLOWEDBY, a qualifier or ")"');
    return expression;
  }

  #qualifier(): Qualifier | undefined {
    if (this.#accept("WITHIN")) {
      const token = this.#positive(["integer", "float"], "a positive number of seconds");
      this.#expect("SECONDS", "SECONDS");
      if (Number(token.text) <= 0) this.report("WITHIN needs more than 0 seconds", token);
      return { type: "within", seconds: token.text.replace("+", "") };
    }
    if (this.#accept("REPEATS")) {
      const token = this.#positive(["integer"], "a positive whole number of times");
      this.#expect("TIMES", "TIMES");
      if (Number(token.text) < 1) this.report("REPEATS needs at least 1 time", token);
      return { type: "repeats", times: token.text.replace("+", "") };
    }
    if (!this.#accept("START")) return undefined;
    const start = this.#instant();
    this.#expect("STOP", "STOP");
    const stop = this.#instant();
    const quoted = start.quoted && stop.quoted;
    return { type: "startstop", start: start.text, stop: stop.text, quoted };
  }

  #positive(types: readonly TokenType[], expected: string): Token {
    if (this.#token.text.startsWith("-")) this.#fail(expected);
    return this.#take(types, expected);
  }

  #instant(): { text: string; quoted: boolean } {
    const strings = this.version !== "2.1" && this.#token.type === "string";
    const token = this.#take(
      strings ? ["string"] : ["timestamp"],
      "a timestamp such as t'2024-01-01T00:00:00Z'",
    );
    const text = strings ? unquote(token.text) : token.text.slice(2, -1);
    constantProblems({ type: "timestamp", text }, token, this.report);
    return { text, quoted: strings };
  }

  #alternatives(): Comparison {
    const operands = [this.#conjunction()];
    while (this.#accept("OR")) operands.push(this.#conjunction());
    return operands.length === 1 ? operands[0]! : { type: "or", operands };
  }

  #conjunction(): Comparison {
    const operands = [this.#test()];
    while (this.#accept("AND")) operands.push(this.#test());
    return operands.length === 1 ? operands[0]! : { type: "and", operands };
  }

  #test(): Comparison {
    if (this.#accept("(")) {
      const comparison = this.#nested(() => this.#alternatives());
      this.#expect(")", 'AND, OR or ")"');
      return comparison;
    }
    if (this.version !== "2.0" && (this.#is("EXISTS") || this.#is("NOT"))) {
      const negated = this.#accept("NOT");
      this.#expect("EXISTS", 'EXISTS after "NOT" (elsewhere NOT stands before the operator)');
      return { type: "exists", path: this.#path(), negated };
    }
    return this.#comparison();
  }

  #comparison(): Comparison {
    const path = this.#path();
    const negated = this.#accept("NOT");
    const operator = SPELLINGS[this.#token.text];
    if (operator === undefined || this.#token.type === "string") {
      this.#fail(
        negated ? "a comparison operator" : "a comparison operator or a further path step",
      );
    }
    this.#next();
    const first = this.#token;
    const constants = this.#constants(operator);
    testProblems(path, operator, constants, first, this.report);
    return { type: "test", path, operator, negated, constants };
  }

  #constants(operator: ComparisonOperator): Constant[] {
    if (operator === "IN") return this.#set();
    if (STRING_OPERATORS.has(operator)) {
      const token = this.#take(["string"], `a string in single quotes after ${operator}`);
      return [{ type: "string", value: unquote(token.text) }];
    }
    return [this.#constant(operator === "=" || operator === "!=")];
  }

  #set(): Constant[] {
    const open = this.#token;
    this.#expect("(", '"(" after IN');
    const constants: Constant[] = [];
    if (this.#accept(")")) return constants;
    do {
      constants.push(this.#constant(true));
    } while (this.#accept(","));
    this.#expect(")", '"," or ")"');
    setProblems(constants, open, this.report);
    return constants;
  }

  #constant(booleans: boolean): Constant {
    const token = this.#token;
    const types = booleans ? [...ORDERABLE, "boolean" as const] : ORDERABLE;
    this.#take(types, booleans ? "a constant" : "a constant with an order (no boolean)");
    const constant = readConstant(token);
    constantProblems(constant, token, this.report);
    return constant;
  }

  #path(): ObjectPath {
    const named = this.#token.type === "name" || this.#token.type === "hyphenated name";
    if (!named && !this.#isFreeKeyword()) this.#fail('an object path such as "ipv4-addr:value"');
    const objectType = this.#next().text;
    this.#expect(":", `":" after the object type "${objectType}"`);
    const steps: PathStep[] = [this.#key('a property name after ":"')];
    for (;;) {
      if (this.#accept(".")) steps.push(this.#key('a property name after "."'));
      else if (this.#accept("[")) steps.push(this.#index());
      else return { objectType, steps };
    }
  }

  /** EXISTS is no word of STIX 2.0. */
  #isFreeKeyword(): boolean {
    return this.version === "2.0" && this.#is("EXISTS");
  }

  #key(expected: string): PathStep {
    const { type, text } = this.#token;
    if (type !== "name" && type !== "string" && !this.#isFreeKeyword()) {
      const quotes = type === "keyword" || type === "boolean" || type === "hyphenated name";
      this.#fail(quotes ? `${expected} ('${text}' needs quotes here)` : expected);
    }
    this.#next();
    return { type: "key", name: type === "string" ? unquote(text) : text };
  }

  /** Nothing but an object path. */
  wholePath(): ObjectPath {
    const path = this.#path();
    if (this.#token.type !== "end") this.#fail("the end of the path");
    return path;
  }

  #index(): PathStep {
    const every = this.#accept("*");
    const step: PathStep = every
      ? { type: "every" }
      : { type: "index", index: Number(this.#take(["integer"], 'a list index or "*"').text) };
    this.#expect("]");
    return step;
  }
}

function readConstant(token: Token): Constant {
  const { type, text } = token;
  switch (type) {
    case "boolean":
      return { type, value: text === "true" };
    case "integer":
    case "float":
      return { type, text: text.replace("+", "") };
    case "hex":
    case "binary":
    case "timestamp":
      return { type, text: text.slice(2, -1) };
    default:
      return { type: "string", value: unquote(text) };
  }
}

/** The tree of a STIX pattern. Throws `PatternError` with the column and what was expected. */
export function parsePattern(text: string, options: ParseOptions = {}): ObservationExpression {
  return new Parser(text, options.version, () => {}).pattern();
}

/** An object path such as `network-traffic:dst_ref.value`. Throws `PatternError`. */
export function parsePath(text: string): ObjectPath {
  return new Parser(text, undefined, () => {}).wholePath();
}

/**
 * What is wrong with a pattern that the grammar allows: malformed hashes, days
 * that no calendar has, sets of mixed types, qualifiers given twice. Throws `PatternError` where the text is no pattern at all.
 */
export function patternProblems(text: string, options: ParseOptions = {}): PatternProblem[] {
  return parseWithProblems(text, options).problems;
}

/** The tree with its problems, parsed once. Throws `PatternError`. */
export function parseWithProblems(
  text: string,
  options: ParseOptions = {},
): { readonly expression: ObservationExpression; readonly problems: PatternProblem[] } {
  const problems: PatternProblem[] = [];
  const parser = new Parser(text, options.version, (message, { start }, harmless = false) => {
    problems.push({ message, column: [...text.slice(0, start)].length + 1, harmless });
  });
  return { expression: parser.pattern(), problems };
}
