/**
 * Checks beyond the grammar, after the OASIS validator (PyPI `stix2-patterns`):
 * constants that can't mean anything.
 */
import type { ComparisonOperator, Constant, ObjectPath } from "./ast.ts";
import type { Token } from "./lexer.ts";
import { parseCidr } from "../ip.ts";
import { parseTimestamp } from "../timestamp.ts";

/** Receives a problem and the token where it is; `harmless` ones can be evaluated all the same. */
export type Report = (message: string, token: Token, harmless?: boolean) => void;

const HEX_LENGTHS: Readonly<Record<string, readonly number[]>> = {
  MD5: [32],
  MD6: [32, 40, 56, 64, 96, 128],
  RIPEMD160: [40],
  SHA1: [40],
  SHA224: [56],
  SHA256: [64],
  SHA384: [96],
  SHA512: [128],
  SHA3224: [56],
  SHA3256: [64],
  SHA3384: [96],
  SHA3512: [128],
  WHIRLPOOL: [128],
};

function isHash(algorithm: string, value: string): boolean {
  if (algorithm === "SSDEEP") return /^[a-zA-Z0-9/+:.]{1,128}$/.test(value);
  const lengths = HEX_LENGTHS[algorithm];
  return lengths === undefined || (lengths.includes(value.length) && /^[0-9a-f]*$/i.test(value));
}

/** Reports a timestamp that no calendar has. */
export function constantProblems(constant: Constant, token: Token, report: Report): void {
  if (constant.type === "timestamp" && parseTimestamp(constant.text) === undefined) {
    report(`"${constant.text}" is no valid time`, token);
  }
}

/** Reports a set whose members have more than one type (whole and other numbers are one). */
export function setProblems(constants: readonly Constant[], token: Token, report: Report): void {
  const types = new Set(constants.map(({ type }) => type === "float" ? "integer" : type));
  if (types.size > 1) report("The members of a set must be of one type", token);
}

/** Operators whose text is no whole value. */
const PARTIAL: ReadonlySet<string> = new Set(["LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"]);

/** Reports malformed hashes and networks. */
export function testProblems(
  path: ObjectPath,
  operator: ComparisonOperator,
  constants: readonly Constant[],
  token: Token,
  report: Report,
): void {
  const last = path.steps.at(-1);
  const hashes = path.steps.some((step) => step.type === "key" && step.name === "hashes");
  if (hashes && last?.type === "key" && !PARTIAL.has(operator)) {
    const algorithm = last.name.toUpperCase().replaceAll("-", "");
    for (const constant of constants) {
      const value = constant.type === "string"
        ? constant.value
        : "text" in constant
        ? constant.text
        : String(constant.value);
      if (!isHash(algorithm, value)) {
        report(`'${value}' is not a valid ${last.name} hash`, token, true);
      }
    }
  }
  const [constant] = constants;
  if (operator === "ISSUBSET" || operator === "ISSUPERSET") {
    if (constant?.type === "string" && parseCidr(constant.value) === undefined) {
      report(`'${constant.value}' is neither an IP address nor a network`, token);
    }
  }
}
