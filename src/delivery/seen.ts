/** Ids met lately, with a bound: two generations, the older is forgotten when the younger is full. */
export interface Seen {
  /** Returns whether the id is new, and remembers it. */
  add(id: string): boolean;
  has(id: string): boolean;
}

/** Remembers at least `generation` ids, at most twice as many. */
export function createSeen(generation = 500_000): Seen {
  let young = new Set<string>(), old = new Set<string>();
  const has = (id: string) => young.has(id) || old.has(id);
  return {
    has,
    add(id) {
      if (has(id)) return false;
      if (young.size >= generation) [old, young] = [young, new Set()];
      young.add(id);
      return true;
    },
  };
}
