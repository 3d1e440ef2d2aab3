/**
 * Finds the few comparisons out of many that an observation can fulfil, by values
 * that it must hold: a look-up for each path instead of a test for each pattern.
 */
import type { JsonObject } from "../../json.ts";
import { type Network, parseCidr } from "../ip.ts";
import type { Comparison, ObjectPath, Test } from "../pattern/ast.ts";
import { printPath } from "../pattern/print.ts";
import { objectTypes } from "../pattern/mod.ts";
import { select } from "./select.ts";
import { createLiteralIndex, type LiteralIndex, SHORTEST_LITERAL } from "./literals.ts";
import type { TestOptions } from "./test.ts";
import { quotedNumber, requiredText } from "./texts.ts";

/** A value at a path, one of which an observation must hold. */
interface Key {
  readonly path: ObjectPath;
  readonly key: string;
  readonly network?: Network;
  /** The key is a part of a longer text. */
  readonly literal?: boolean;
}

/** Stands for any value at a path. */
const ANY = "any";

const bitsKey = ({ bytes, bits }: Network) => `net ${bytes.length}/${bits}`;

/** An address as a member of the network of so many bits. */
function networkKey({ bytes }: Network, bits: number): string {
  const kept = bytes.map((byte, n) => byte & (0xff00 >> Math.min(8, Math.max(0, bits - 8 * n))));
  return `net ${bytes.length}/${bits} ${kept.join(".")}`;
}

function valueKeys(test: Test, { canonical, lenient }: TestOptions): Key[] | undefined {
  const { path, constants, operator, negated } = test;
  const last = path.steps.at(-1);
  // Bytes compare with texts and bytes alike: no single key.
  if (negated || (last?.type === "key" && /_(hex|bin)$/.test(last.name))) return undefined;
  if (operator === "ISSUBSET") {
    const [constant] = constants;
    const network = constant?.type === "string" ? parseCidr(constant.value) : undefined;
    return network && [{ path, key: networkKey(network, network.bits), network }];
  }
  if (operator === "LIKE" || operator === "MATCHES") {
    const literal = requiredText(test);
    return literal.length < SHORTEST_LITERAL ? undefined : [{ path, key: literal, literal: true }];
  }
  if (operator !== "=" && operator !== "IN") return undefined;
  const keys: Key[] = [];
  for (const constant of constants) {
    if (constant.type === "string") {
      keys.push({ path, key: `"${canonical?.(path, constant.value) ?? constant.value}` });
      const number = lenient ? quotedNumber(constant.value) : undefined;
      if (number !== undefined) keys.push({ path, key: String(number) });
    } else if (constant.type === "integer" || constant.type === "float") {
      keys.push({ path, key: String(Number(constant.text)) });
    } else if (constant.type === "boolean") {
      keys.push({ path, key: String(constant.value) });
    } else {
      return undefined;
    }
  }
  return keys;
}

/**
 * How many observations hold a key, roughly, beside a rare text: `…:type = 'ipv4-addr'`
 * is fulfilled by most, a port by many.
 */
function commonness({ path, key, literal }: Key): number {
  const last = path.steps.findLast((step) => step.type === "key");
  if (last?.name === "type") return 1e6;
  if (literal) return 10;
  if (key === ANY) return 1e4;
  if (last?.name === "protocols" || key === "true" || key === "false") return 1e5;
  return key.startsWith('"') || key.startsWith("net") ? 1 : 1e3;
}

/**
 * Keys one of which an observation that fulfils the comparison holds; undefined if
 * there are none. Of several choices the one that fewest observations hold.
 */
function necessaryKeys(comparison: Comparison, options: TestOptions): Key[] | undefined {
  if (comparison.type === "exists") {
    return comparison.negated ? undefined : [{ path: comparison.path, key: ANY }];
  }
  // Negated or not, a test is about a value that is there.
  if (comparison.type === "test") {
    return valueKeys(comparison, options) ?? [{ path: comparison.path, key: ANY }];
  }
  const parts = comparison.operands.map((operand) => necessaryKeys(operand, options));
  if (comparison.type === "or") {
    return parts.includes(undefined) ? undefined : parts.flatMap((part) => part!);
  }
  const cost = (keys: readonly Key[]) => keys.reduce((sum, key) => sum + commonness(key), 0);
  return parts.reduce((best, part) => {
    if (part === undefined) return best;
    return best === undefined || cost(part) < cost(best) ? part : best;
  }, undefined);
}

/** The needs at one path. */
interface PathIndex<L> {
  readonly path: ObjectPath;
  readonly leaves: Map<string, Set<L>>;
  readonly literals: LiteralIndex<L>;
  /** Sizes of networks in use, by key. */
  readonly networks: Map<string, { readonly length: number; readonly bits: number; count: number }>;
}

/** Everything that is looked up at one path. */
export interface PathLookUp<L> {
  readonly path: ObjectPath;
  /** Whether a value that the path selects is what any leaf needs. */
  isMet(value: unknown): boolean;
  /** Adds the leaves that need it. */
  collect(value: unknown, found: Set<L>): void;
}

/** Comparisons by what they need. */
export interface KeyIndex<L> {
  add(comparison: Comparison, leaf: L): void;
  remove(comparison: Comparison, leaf: L): void;
  /** Every leaf that the objects may fulfil, maybe some more. */
  candidates(objects: Readonly<Record<string, JsonObject>>): Set<L>;
  /** What `candidates` looks up, path by path. */
  lookUps(): PathLookUp<L>[];
  /** Types of object of which any is enough for some leaf. */
  openTypes(): string[];
}

export function createKeyIndex<L>(options: TestOptions): KeyIndex<L> {
  /** By object type, then by the path's text. */
  const paths = new Map<string, Map<string, PathIndex<L>>>();
  /** Leaves that need no value in particular, by object type. */
  const open = new Map<string, Set<L>>();

  function indexOf(path: ObjectPath): PathIndex<L> {
    let ofType = paths.get(path.objectType);
    if (ofType === undefined) paths.set(path.objectType, ofType = new Map());
    const text = printPath(path);
    let index = ofType.get(text);
    if (index === undefined) {
      index = { path, leaves: new Map(), literals: createLiteralIndex(), networks: new Map() };
      ofType.set(text, index);
    }
    return index;
  }

  function change(comparison: Comparison, leaf: L, adding: boolean): void {
    const keys = necessaryKeys(comparison, options);
    if (keys === undefined) {
      for (const type of objectTypes(comparison)) toggle(open, type, leaf, adding);
      return;
    }
    for (const { path, key, network, literal } of keys) {
      const index = indexOf(path);
      if (literal) index.literals[adding ? "add" : "remove"](key, leaf);
      else toggle(index.leaves, key, leaf, adding);
      if (network !== undefined) countNetwork(index, network, adding ? 1 : -1);
      if (index.leaves.size === 0 && index.literals.size === 0) {
        paths.get(path.objectType)!.delete(printPath(path));
      }
    }
  }

  /** Calls back with the leaves of each key that a value is, until it is told to stop. */
  function lookUp(
    index: PathIndex<L>,
    value: unknown,
    visit: (leaves: ReadonlySet<L>) => boolean,
  ): boolean {
    if (index.leaves.size === 0) return false;
    if (Array.isArray(value)) return value.some((item) => lookUp(index, item, visit));
    const text = typeof value === "string";
    if (!text && typeof value !== "number" && typeof value !== "boolean") return false;
    const key = text ? `"${options.canonical?.(index.path, value) ?? value}` : String(value);
    const equal = index.leaves.get(key);
    if (equal !== undefined && visit(equal)) return true;
    if (!text || index.networks.size === 0) return false;
    const address = parseCidr(value);
    if (address === undefined) return false;
    for (const { length, bits } of index.networks.values()) {
      if (length !== address.bytes.length || bits > address.bits) continue;
      const inside = index.leaves.get(networkKey(address, bits));
      if (inside !== undefined && visit(inside)) return true;
    }
    return false;
  }

  function collectAt(index: PathIndex<L>, value: unknown, found: Set<L>): void {
    collect(index.leaves.get(ANY), found);
    lookUp(index, value, (leaves) => {
      collect(leaves, found);
      return false;
    });
    if (index.literals.size === 0) return;
    for (const text of textsIn(value)) index.literals.collect(text, found);
  }

  function isMet(index: PathIndex<L>, value: unknown): boolean {
    if (index.leaves.has(ANY) || lookUp(index, value, () => true)) return true;
    return index.literals.size > 0 && textsIn(value).some(index.literals.isIn);
  }

  return {
    add: (comparison, leaf) => change(comparison, leaf, true),
    remove: (comparison, leaf) => change(comparison, leaf, false),
    candidates(objects) {
      const found = new Set<L>();
      for (const id in objects) {
        const object = objects[id]!;
        const type = object["type"] as string;
        collect(open.get(type), found);
        for (const index of paths.get(type)?.values() ?? []) {
          const values = select(index.path, object, objects);
          for (const value of values) collectAt(index, value, found);
        }
      }
      return found;
    },
    lookUps() {
      return [...paths.values()].flatMap((ofType) =>
        [...ofType.values()].map((index) => ({
          path: index.path,
          isMet: (value: unknown) => isMet(index, value),
          collect: (value: unknown, found: Set<L>) => collectAt(index, value, found),
        }))
      );
    },
    openTypes: () => [...open.keys()],
  };
}

/** A text, or those in a list. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.flatMap(textsIn) : [];
}

function countNetwork<L>(index: PathIndex<L>, network: Network, step: 1 | -1): void {
  const key = bitsKey(network);
  const entry = index.networks.get(key) ??
    { length: network.bytes.length, bits: network.bits, count: 0 };
  index.networks.set(key, entry);
  entry.count += step;
  if (entry.count === 0) index.networks.delete(key);
}

function toggle<L>(sets: Map<string, Set<L>>, key: string, leaf: L, adding: boolean): void {
  const set = sets.get(key);
  if (adding && set === undefined) sets.set(key, new Set([leaf]));
  else if (adding) set!.add(leaf);
  else if (set?.delete(leaf) && set.size === 0) sets.delete(key);
}

function collect<L>(leaves: ReadonlySet<L> | undefined, found: Set<L>): void {
  if (leaves !== undefined) { for (const leaf of leaves) found.add(leaf); }
}
