/** Single comparisons: a constant of the pattern against a value of an observation (STIX 2.1 §9.6.1). */
import { contains, parseCidr } from "../ip.ts";
import type { Constant, ObjectPath, Test } from "../pattern/ast.ts";
import { parseTimestamp } from "../timestamp.ts";
import { readBase64, readHex } from "./bytes.ts";
import { compileRegex } from "./regex.ts";
import type { Selected } from "./select.ts";
import { longestLiteral, normalized, quotedNumber } from "./texts.ts";

/** Whether a selected value fulfils a test. */
export type Predicate = (value: Selected) => boolean;

/**
 * Puts a text in a canonical form by what its path means, so that two spellings
 * of an address or a domain are equal. Identity where nothing is known.
 */
export type Canonical = (path: ObjectPath, text: string) => string;

/** What a test may be told from outside. */
export interface TestOptions {
  /** Widens equality of texts; without it they are compared code point by code point. */
  readonly canonical?: Canonical;
  /**
   * As logs need it: a list fulfils a test if an element does, as if the path ended in `[*]`;
   * a number in quotes is that number (`dst_port = '443'`); comparisons joined by AND that
   * are about different types of object are each fulfilled by an object of their own.
   */
  readonly lenient?: boolean;
}

/** Microseconds since the epoch; undefined if the text is no time. */
export function microseconds(text: string): number | undefined {
  const instant = parseTimestamp(text);
  return instant && instant.seconds * 1e6 + instant.micros;
}

/** A text as bytes, if all its characters are below 256 (the specification's rule). */
function latin1(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let n = 0; n < text.length; n++) {
    const code = text.charCodeAt(n);
    if (code > 255) return undefined;
    bytes[n] = code;
  }
  return bytes;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let n = 0; n < length; n++) if (a[n] !== b[n]) return a[n]! - b[n]!;
  return a.length - b.length;
}

/** By code points; UTF-16 units order astral characters before U+E000. */
function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let n = 0; n < length; n++) {
    if (a.charCodeAt(n) !== b.charCodeAt(n)) {
      const at = n > 0 && isLow(a, n) && isLow(b, n) ? n - 1 : n;
      return a.codePointAt(at)! - b.codePointAt(at)!;
    }
  }
  return a.length - b.length;
}

function isLow(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00;
}

/**
 * Orders a value against the constant: negative, 0, positive; undefined if their
 * types can't be compared, NaN if bytes meet a text with characters above 255.
 */
type Compare = (value: Selected) => number | undefined;

function compareTo(constant: Constant, lenient = false): Compare {
  switch (constant.type) {
    case "string": {
      const bytes = latin1(constant.value);
      const number = lenient ? quotedNumber(constant.value) : undefined;
      return (value) => {
        if (typeof value === "string") return compareTexts(value, constant.value);
        if (typeof value === "number") return number === undefined ? undefined : value - number;
        if (!(value instanceof Uint8Array)) return undefined;
        return bytes === undefined ? NaN : compareBytes(value, bytes);
      };
    }
    case "boolean":
      return (value) => typeof value === "boolean" ? Number(value !== constant.value) : undefined;
    case "integer":
    case "float": {
      const number = Number(constant.text);
      return (value) => typeof value === "number" ? value - number : undefined;
    }
    case "timestamp": {
      const time = microseconds(constant.text);
      return (value) => {
        const other = typeof value === "string" ? microseconds(value) : undefined;
        return time === undefined || other === undefined ? undefined : other - time;
      };
    }
    default: {
      const bytes = constant.type === "hex" ? readHex(constant.text)! : readBase64(constant.text)!;
      return (value) => {
        if (value instanceof Uint8Array) return compareBytes(value, bytes);
        if (typeof value !== "string") return undefined;
        const other = latin1(value);
        return other === undefined ? NaN : compareBytes(other, bytes);
      };
    }
  }
}

function equals(
  constant: Constant,
  path: ObjectPath,
  { canonical, lenient }: TestOptions,
): Predicate {
  if (constant.type === "string") {
    const text = constant.value;
    const wanted = canonical?.(path, text);
    const compare = compareTo(constant, lenient);
    return (value) => {
      if (typeof value !== "string") return compare(value) === 0;
      return value === text || (wanted !== undefined && canonical!(path, value) === wanted);
    };
  }
  const compare = compareTo(constant);
  return (value) => compare(value) === 0;
}

function isOneOf(test: Test, options: TestOptions): Predicate {
  const { path, constants } = test;
  const { canonical } = options;
  const texts = new Set<string>();
  const others: Predicate[] = [];
  for (const constant of constants) {
    if (constant.type === "string") texts.add(canonical?.(path, constant.value) ?? constant.value);
    else others.push(equals(constant, path, options));
  }
  const strings = constants.filter(({ type }) => type === "string")
    .map((constant) => equals(constant, path, options));
  return (value) => {
    if (typeof value === "string" && texts.has(canonical?.(path, value) ?? value)) return true;
    if (typeof value !== "string" && strings.some((equal) => equal(value))) return true;
    return others.some((equal) => equal(value));
  };
}

/** The order operators are false for types that can't be compared, negated or not. */
function ordered(test: Test, { lenient }: TestOptions): Predicate {
  const compare = compareTo(test.constants[0]!, lenient);
  const holds = {
    "<": (order: number) => order < 0,
    "<=": (order: number) => order <= 0,
    ">": (order: number) => order > 0,
    ">=": (order: number) => order >= 0,
  }[test.operator as "<"];
  return (value) => {
    const order = compare(value);
    return order !== undefined && holds(order) !== test.negated;
  };
}

/** The text of a value for LIKE; bytes that are no UTF-8 are taken one by one. */
function textOf(value: Selected): string | undefined {
  if (typeof value === "string") return normalized(value);
  if (!(value instanceof Uint8Array)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(value).normalize("NFC");
  } catch {
    return String.fromCharCode(...value);
  }
}

/** `%` any characters, `_` exactly one; greedy from the left with one point to return to. */
export function isLike(text: readonly string[], pattern: readonly string[]): boolean {
  let at = 0, next = 0, star = -1, mark = 0;
  while (at < text.length) {
    if (pattern[next] === "%") {
      star = next++;
      mark = at;
    } else if (next < pattern.length && (pattern[next] === "_" || pattern[next] === text[at])) {
      at++;
      next++;
    } else if (star >= 0) {
      next = star + 1;
      at = ++mark;
    } else {
      return false;
    }
  }
  while (pattern[next] === "%") next++;
  return next === pattern.length;
}

function like(constant: string): Predicate {
  const pattern = [...constant.normalize("NFC")];
  // What can't be missing rules most texts out without a closer look.
  const longest = longestLiteral(constant);
  return (value) => {
    const text = textOf(value);
    return text !== undefined && text.includes(longest) && isLike([...text], pattern);
  };
}

function matches(constant: string): Predicate {
  const found = compileRegex(constant.normalize("NFC"));
  const bytes = latin1(constant) !== undefined;
  return (value) => {
    if (typeof value === "string") return found(normalized(value));
    if (!(value instanceof Uint8Array) || !bytes) return false;
    return found(Array.from(value, (byte) => String.fromCharCode(byte)).join(""));
  };
}

function subset(constant: string, superset: boolean): Predicate {
  const network = parseCidr(constant);
  return (value) => {
    const other = typeof value === "string" ? parseCidr(value) : undefined;
    if (network === undefined || other === undefined) return false;
    return superset ? contains(other, network) : contains(network, other);
  };
}

/** The predicate of a test before NOT. */
function positive(test: Test, options: TestOptions): Predicate {
  const [constant] = test.constants;
  const text = constant?.type === "string" ? constant.value : "";
  switch (test.operator) {
    case "IN":
      return isOneOf(test, options);
    case "LIKE":
      return like(text);
    case "MATCHES":
      return matches(text);
    case "ISSUBSET":
    case "ISSUPERSET":
      return subset(text, test.operator === "ISSUPERSET");
    default:
      return equals(constant!, test.path, options);
  }
}

/** Turns a test into a predicate over each single selected value. Throws `InputError` for bad regexes. */
export function compileTest(test: Test, options: TestOptions = {}): Predicate {
  if (["<", "<=", ">", ">="].includes(test.operator)) return ordered(test, options);
  const holds = positive(test, options);
  const inverted = test.negated !== (test.operator === "!=");
  return inverted ? (value) => !holds(value) : holds;
}
