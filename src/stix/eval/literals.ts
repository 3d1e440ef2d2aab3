/**
 * Finds which of many literals stand in a text, by four characters of each: a
 * look-up for each place of the text instead of a search for each literal.
 */
import { normalized } from "./texts.ts";

/** Literals need so many characters (UTF-16 units). */
export const SHORTEST_LITERAL = 4;

/** Literals (in NFC), each of them for some leaves. */
export interface LiteralIndex<L> {
  /** Number of different literals. */
  readonly size: number;
  add(literal: string, leaf: L): void;
  remove(literal: string, leaf: L): void;
  /** Adds the leaves of every literal that stands in a text. */
  collect(text: string, found: Set<L>): void;
  /** Whether any literal stands in a text. */
  isIn(text: string): boolean;
}

interface Literal<L> {
  readonly text: string;
  readonly gram: number;
  readonly leaves: Set<L>;
}

/** Places of the table that rules most grams out before the map is asked. */
const SLOTS = 4096;
const slotOf = (gram: number) => Math.imul(gram, 0x9e3779b1) >>> 20;

/** The low bytes of the last four characters, the next one shifted in. */
const shift = (gram: number, text: string, at: number) => (gram << 8) | (text.charCodeAt(at) & 255);

export function createLiteralIndex<L>(): LiteralIndex<L> {
  const literals = new Map<string, Literal<L>>();
  const grams = new Map<number, Literal<L>[]>();
  /** How many grams fall into each slot. */
  let slots: Uint32Array | undefined;

  /** Of a literal's grams the one that fewest others have: `gate` says less than `-123` if all begin alike. */
  function rarestGram(text: string): number {
    let gram = 0, best = 0, fewest = Infinity;
    for (let at = 0; at < text.length; at++) {
      gram = shift(gram, text, at);
      const others = grams.get(gram)?.length ?? 0;
      if (at < SHORTEST_LITERAL - 1 || others >= fewest) continue;
      best = gram;
      fewest = others;
    }
    return best;
  }

  /** Calls back with the literals in a text, maybe more than once, until it is told to stop. */
  function find(given: string, visit: (literal: Literal<L>) => boolean): boolean {
    if (slots === undefined) return false;
    const text = normalized(given);
    let gram = 0;
    for (let at = 0; at < text.length; at++) {
      gram = shift(gram, text, at);
      if (slots[slotOf(gram)] === 0 || at < SHORTEST_LITERAL - 1) continue;
      for (const literal of grams.get(gram) ?? []) {
        if (text.includes(literal.text) && visit(literal)) return true;
      }
    }
    return false;
  }

  return {
    get size() {
      return literals.size;
    },
    add(text, leaf) {
      const known = literals.get(text);
      if (known !== undefined) {
        known.leaves.add(leaf);
        return;
      }
      const literal = { text, gram: rarestGram(text), leaves: new Set([leaf]) };
      literals.set(text, literal);
      const same = grams.get(literal.gram);
      if (same === undefined) grams.set(literal.gram, [literal]);
      else same.push(literal);
      slots ??= new Uint32Array(SLOTS);
      slots[slotOf(literal.gram)]!++;
    },
    remove(text, leaf) {
      const literal = literals.get(text);
      if (!literal?.leaves.delete(leaf) || literal.leaves.size > 0) return;
      literals.delete(text);
      const others = grams.get(literal.gram)!.filter((other) => other !== literal);
      if (others.length === 0) grams.delete(literal.gram);
      else grams.set(literal.gram, others);
      slots![slotOf(literal.gram)]!--;
    },
    collect(text, found) {
      find(text, ({ leaves }) => {
        for (const leaf of leaves) found.add(leaf);
        return false;
      });
    },
    isIn: (text) => find(text, () => true),
  };
}
