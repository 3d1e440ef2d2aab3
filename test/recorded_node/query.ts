/**
 * The part of VAST's query language that the recordings show, parsed and
 * compiled against one shape of rows at a time. Recorded traps are kept: lists of
 * mixed types or of subnets find nothing, lists are not reached by `==`.
 * What was not recorded throws `NotRecorded`.
 */

import { type Address, contains, parseAddress, parseSubnet, type Subnet } from "./address.ts";

/** A query that VAST refuses. */
export class ParseError extends Error {}

/** A query that VAST may know, but that no recording covers. */
export class NotRecorded extends Error {}

type Value =
  | { readonly type: "address"; readonly value: Address }
  | { readonly type: "subnet"; readonly value: Subnet }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "number"; readonly value: number }
  | { readonly type: "pattern" }
  | { readonly type: "list"; readonly items: readonly Value[] };

type Extractor = { readonly type: "type" | "meta" | "field"; readonly name: string };
type Operand = { readonly value: Value } | { readonly extractor: Extractor };

/** A parsed query. */
export type Expression =
  | { readonly type: "or"; readonly parts: readonly Expression[] }
  | { readonly type: "and"; readonly parts: readonly Expression[] }
  | {
    readonly type: "predicate";
    readonly extractor: Extractor;
    readonly operator: "==" | "!=" | "in" | "ni";
    readonly value: Value;
  }
  /** Valid and without hits, as recorded. */
  | { readonly type: "nothing" };

/** Columns that rows of one kind share: full names such as `zeek.dns.query`. */
export interface Shape {
  readonly layout: string;
  readonly names: readonly string[];
  readonly types: readonly ColumnType[];
}

/** The type of a column as far as queries tell it; a `string` cell may hold a list of strings. */
export type ColumnType = "address" | "string" | "address list" | "other";

const TOKEN = new RegExp(
  [
    /(?<space>\s+)/,
    /(?<string>"(?:[^"\\\n]|\\.)*")/,
    /(?<pattern>\/(?:[^/\\\n]|\\.)+\/)/,
    /(?<subnet>(?:\d+(?:\.\d+){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})\/\d+)/,
    /(?<address>[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){1,6}:\d+(?:\.\d+){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}|\d+(?:\.\d+){3})/,
    /(?<number>\d+)/,
    /(?<extractor>[:#][A-Za-z_]+|[A-Za-z_][\w-]*(?:\.[\w-]+)*)/,
    /(?<operator>\|\||&&|==|!=|~|\(|\)|\[|\]|,)/,
  ].map((part) => part.source).join("|"),
  "y",
);

interface Token {
  readonly type: string;
  readonly text: string;
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    if (!match) throw new ParseError();
    const [type, found] = Object.entries(match.groups!).find(([, part]) => part !== undefined)!;
    const glued = /[\w.:"]/.test(text[TOKEN.lastIndex] ?? "");
    if (glued && !["space", "operator"].includes(type)) throw new ParseError();
    if (type !== "space") tokens.push({ type, text: found! });
  }
  return tokens;
}

/** Parses a query; throws `ParseError` for what VAST refuses. */
export function parseQuery(text: string): Expression {
  const tokens = tokenize(text);
  let at = 0;
  const peek = () => tokens[at]?.text;
  const take = (text: string) => peek() === text && (at++, true);
  const expression = disjunction();
  if (at < tokens.length) throw new ParseError();
  return expression;

  function disjunction(): Expression {
    const parts = [conjunction()];
    while (take("||")) parts.push(conjunction());
    return parts.length === 1 ? parts[0]! : { type: "or", parts };
  }
  function conjunction(): Expression {
    const parts = [atom()];
    while (take("&&")) parts.push(atom());
    return parts.length === 1 ? parts[0]! : { type: "and", parts };
  }
  function atom(): Expression {
    if (take("(")) {
      const inner = disjunction();
      if (!take(")")) throw new ParseError();
      return inner;
    }
    return predicate();
  }
  function predicate(): Expression {
    const left = operand();
    const operator = ["==", "!=", "~", "in"].find(take);
    if (operator === undefined) {
      if (!("value" in left)) throw new ParseError();
      return bare(left.value);
    }
    return relation(left, operator, operand());
  }
  function operand(): Operand {
    const token = tokens[at++];
    if (!token) throw new ParseError();
    if (token.type === "extractor") return { extractor: extractor(token.text) };
    return { value: value(token) };
  }
  function value(token: Token): Value {
    if (token.type === "operator" && token.text === "[") return list();
    return scalar(token);
  }
  function list(): Value {
    const items: Value[] = [];
    while (!take("]")) {
      const token = tokens[at++];
      if (!token) throw new ParseError();
      items.push(scalar(token));
      if (!take(",") && peek() !== "]") throw new ParseError();
    }
    return { type: "list", items };
  }
}

function scalar(token: Token): Value {
  switch (token.type) {
    case "string":
      return { type: "string", value: token.text.slice(1, -1).replace(/\\(["\\])/g, "$1") };
    case "pattern":
      return { type: "pattern" };
    case "number":
      return { type: "number", value: Number(token.text) };
    case "address": {
      const address = parseAddress(token.text);
      if (!address) throw new ParseError();
      return { type: "address", value: address };
    }
    case "subnet": {
      const subnet = parseSubnet(token.text);
      if (!subnet) throw new ParseError();
      return { type: "subnet", value: subnet };
    }
    default:
      throw new ParseError();
  }
}

function extractor(text: string): Extractor {
  if (text.startsWith("#")) return { type: "meta", name: text.slice(1) };
  if (text.startsWith(":")) return { type: "type", name: text.slice(1) };
  return { type: "field", name: text };
}

function bare(value: Value): Expression {
  const predicate = (operator: "==" | "in", name: string): Expression => ({
    type: "predicate",
    extractor: { type: "type", name },
    operator,
    value,
  });
  if (value.type === "address") return predicate("==", "addr");
  if (value.type === "subnet") return predicate("in", "addr");
  if (value.type === "string") return predicate("==", "string");
  if (value.type === "list") return { type: "nothing" };
  throw new NotRecorded(`a bare ${value.type}`);
}

function relation(left: Operand, operator: string, right: Operand): Expression {
  if ("extractor" in left && "value" in right) {
    if (operator === "~" || right.value.type === "pattern") return { type: "nothing" };
    return { type: "predicate", ...left, ...right, operator: operator as "==" };
  }
  if ("value" in left && "extractor" in right) {
    if (operator === "==") return { type: "predicate", ...left, ...right, operator };
    if (operator === "in") return { type: "predicate", ...left, ...right, operator: "ni" };
  }
  throw new NotRecorded("this relation");
}

/** Makes a test for rows of one shape; `columns` names the fields of a concept. */
export function compile(
  expression: Expression,
  shape: Shape,
  concepts: (name: string) => readonly string[] | undefined,
): (row: readonly unknown[]) => boolean {
  if (expression.type === "nothing") return () => false;
  if (expression.type === "or" || expression.type === "and") {
    const parts = expression.parts.map((part) => compile(part, shape, concepts));
    return expression.type === "or"
      ? (row) => parts.some((part) => part(row))
      : (row) => parts.every((part) => part(row));
  }
  const { extractor, operator, value } = expression;
  if (extractor.type === "meta") return metaTest(extractor.name, operator, value, shape);
  const columns = columnsOf(extractor, shape, concepts);
  const tests = columns.flatMap((column) => {
    const test = columnTest(shape.types[column]!, operator, value);
    return test ? [(row: readonly unknown[]) => row[column] !== null && test(row[column])] : [];
  });
  return (row) => tests.some((test) => test(row));
}

function metaTest(name: string, operator: string, value: Value, shape: Shape) {
  if (name !== "type" || value.type !== "string" || !["==", "!="].includes(operator)) {
    throw new NotRecorded(`#${name} ${operator}`);
  }
  const result = (shape.layout === value.value) === (operator === "==");
  return () => result;
}

/** The columns that an extractor means in one shape. */
export function columnsOf(
  extractor: Extractor,
  shape: Shape,
  concepts: (name: string) => readonly string[] | undefined,
): number[] {
  const wanted = concepts(extractor.name);
  return [...shape.names.keys()].filter((column) => {
    const name = shape.names[column]!;
    if (extractor.type === "type") {
      if (!["addr", "string"].includes(extractor.name)) {
        throw new NotRecorded(`:${extractor.name}`);
      }
      return shape.types[column] === (extractor.name === "addr" ? "address" : "string");
    }
    if (wanted) return wanted.includes(name);
    return name === extractor.name || name.endsWith(`.${extractor.name}`);
  });
}

type Test = (value: unknown) => boolean;

function columnTest(type: ColumnType, operator: string, value: Value): Test | undefined {
  const items = value.type === "list" ? value.items : [value];
  const kind = items[0]?.type;
  if (kind === undefined || items.some((item) => item.type !== kind)) return undefined;
  const wanted = kind === "address" ? "address" : "string";
  if (operator === "ni") return containsTest(type, value);
  if (value.type === "subnet") {
    if (operator !== "in") throw new NotRecorded("field == subnet");
    return type === "address" ? (found) => contains(value.value, found as string) : undefined;
  }
  if (type !== wanted || ["pattern", "number", "subnet"].includes(kind)) return undefined;
  if (operator === "in" && value.type !== "list") throw new NotRecorded("field in string");
  if (operator === "==" && value.type === "list") throw new NotRecorded("field == list");
  const set = new Set(items.map((item) => "value" in item ? item.value : undefined));
  return (found) => set.has(found as string);
}

function containsTest(type: ColumnType, value: Value): Test | undefined {
  const wanted = { string: "string", address: "address list" }[value.type as string];
  if (wanted === undefined) throw new NotRecorded(`${value.type} in field`);
  if (type !== wanted || !("value" in value)) return undefined;
  // A substring of a text, a member of a list.
  return (found) => (found as string | unknown[]).includes(value.value as string);
}
