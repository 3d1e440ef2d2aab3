/** Which patterns can be fulfilled by logs at all, going by the table of fields. */
import {
  type Comparison,
  type ObjectPath,
  type ObservationExpression,
  parsePath,
  printPath,
} from "../../stix/pattern/mod.ts";
import { FIELDS } from "./table.ts";

/** Object types that fields of kind `address` and `host` give besides the one in the table. */
const ADDRESSES = ["ipv4-addr:value", "ipv6-addr:value"];

/** A path without list steps, as keys. */
function keysOf({ objectType, steps }: ObjectPath): string {
  return [objectType, ...steps.flatMap((step) => step.type === "key" ? [step.name] : [])].join(
    "\0",
  );
}

const HASHES = ["MD5", "SHA-1", "SHA-256", "SHA-512"];

function knownKeys(): Set<string> {
  const known = new Set<string>();
  const add = (path: ObjectPath) => {
    const keys = keysOf(path).split("\0");
    for (let n = 2; n <= keys.length; n++) known.add(keys.slice(0, n).join("\0"));
    known.add(`${keys[0]}\0type`);
    if (/_refs?$/.test(keys.at(-2)!)) known.add([...keys.slice(0, -1), "type"].join("\0"));
  };
  for (const { rows } of FIELDS) {
    for (const [, text, kind] of rows) {
      const path = parsePath(text);
      add(path);
      if (kind === "hash") { for (const name of HASHES) add(parsePath(`${text}.'${name}'`)); }
      if (kind === "mail") add(parsePath("email-addr:value"));
      if (kind === "domain") add(parsePath("domain-name:value"));
      if (kind === "address" || kind === "host") ADDRESSES.map(parsePath).forEach(add);
    }
  }
  add(parsePath("url:value"));
  return known;
}

let known: Set<string> | undefined;

function isKnown(path: ObjectPath): boolean {
  return (known ??= knownKeys()).has(keysOf(path));
}

/** The paths that keep a comparison from ever being fulfilled; empty if nothing does. */
function missing(comparison: Comparison): ObjectPath[] {
  if (comparison.type === "exists" && comparison.negated) return [];
  if (!("operands" in comparison)) return isKnown(comparison.path) ? [] : [comparison.path];
  const parts = comparison.operands.map(missing);
  if (comparison.type === "or" && parts.some((part) => part.length === 0)) return [];
  return parts.flat();
}

function missingIn(expression: ObservationExpression): ObjectPath[] {
  if (expression.type === "observation") return missing(expression.comparison);
  if (expression.type === "qualified") return missingIn(expression.expression);
  const parts = expression.operands.map(missingIn);
  if (expression.operator === "OR" && parts.some((part) => part.length === 0)) return [];
  return parts.flat();
}

/**
 * The object paths that no log here gives and without which a pattern is never
 * fulfilled, as text; empty if it can be.
 */
export function unseenPaths(expression: ObservationExpression): string[] {
  return [...new Set(missingIn(expression).map(printPath))];
}
