/**
 * STIX ids of indicators to handles and back, for millions: 16 bytes of UUID by handle, and a
 * table of handles that is at most two thirds full.
 */
import { enlarge } from "../match/enlarge.ts";
import type { Handle } from "../match/set.ts";
import { createSlots } from "../match/slots.ts";

/** See the top of the file. Case does not matter. */
export interface Ids {
  /** The handle of an id, or -1. */
  find(id: string): Handle;
  /** Adds an id that is not there; it must be `indicator--<uuid>`. */
  add(id: string, handle: Handle): void;
  /** The same by the words of its UUID (see `readUuid`). */
  addUuid(uuid: Uint32Array, handle: Handle): void;
  /** Forgets the id of a handle, if it has one. */
  remove(handle: Handle): void;
  /** Makes room for so many more ids, of handles below `most`: they come all at once. */
  reserve(more: number, most: number): void;
}

const PREFIX = "indicator--";
/** Characters of a UUID. */
const LENGTH = 36;
/** Words of 32 bits in a UUID. */
export const UUID_WORDS = 4;
const WORDS = UUID_WORDS;

/** Makes an empty index. */
export function createIds(): Ids {
  let uuids = new Uint32Array(WORDS << 8);
  /** Handles plus one. */
  const slots = createSlots((number) => hashOf(uuids, (number - 1) * WORDS));
  let count = 0;
  /** The UUID that was asked for last, and its hash: most are asked for, and then added. */
  const asked = new Uint32Array(WORDS);
  let hash = 0;
  let lastAsked: string | undefined;

  function ask(id: string): boolean {
    if (id === lastAsked) return true;
    lastAsked = undefined;
    if (!readUuid(id, asked)) return false;
    hash = hashOf(asked, 0);
    lastAsked = id;
    return true;
  }

  /** The slot of the UUID in `words[at…]` among these, or the free one where it would go. */
  function probe(some: Uint32Array, hash: number, words: Uint32Array, at: number): number {
    const mask = some.length - 1, { numbers } = slots;
    for (let slot = hash & mask;; slot = (slot + 1) & mask) {
      const held = some[slot]!;
      if (held === 0) return slot;
      if (((held ^ hash) & ~numbers) !== 0) continue;
      const other = ((held & numbers) - 1) * WORDS;
      if (
        uuids[other] === words[at] && uuids[other + 1] === words[at + 1] &&
        uuids[other + 2] === words[at + 2] && uuids[other + 3] === words[at + 3]
      ) return slot;
    }
  }

  function addHashed(uuid: Uint32Array, hash: number, handle: Handle): void {
    slots.grow(count++);
    const at = handle * WORDS;
    if (at + WORDS > uuids.length) uuids = enlarge(uuids, at + WORDS);
    for (let word = 0; word < WORDS; word++) uuids[at + word] = uuid[word]!;
    slots.put(hash, handle + 1);
  }

  /** The handle in a slot, or -1. */
  function handleIn(held: number): Handle {
    return (held & slots.numbers) - 1;
  }

  return {
    find(id) {
      if (!ask(id)) return -1;
      const { now, old } = slots;
      const held = now[probe(now, hash, asked, 0)]!;
      if (held !== 0 || old.length === 1) return handleIn(held);
      return handleIn(old[probe(old, hash, asked, 0)]!);
    },
    add(id, handle) {
      if (!ask(id)) throw new RangeError(`${id} is no id of an indicator`);
      addHashed(asked, hash, handle);
    },
    addUuid: (uuid, handle) => addHashed(uuid, hashOf(uuid, 0), handle),
    remove(handle) {
      const at = handle * WORDS;
      if (at + WORDS > uuids.length) return;
      const hash = hashOf(uuids, at);
      for (const some of [slots.now, slots.old]) {
        const slot = probe(some, hash, uuids, at);
        if (handleIn(some[slot]!) !== handle) continue;
        slots.free(some, slot);
        count--;
        return;
      }
    },
    reserve(more, most) {
      slots.reserve(count + more);
      uuids = enlarge(uuids, most * WORDS);
    },
  };
}

/** As MurmurHash3 mixes: who makes ids may count them up. */
function hashOf(words: Uint32Array, at: number): number {
  let hash = 0;
  for (let i = at; i < at + WORDS; i++) {
    hash = Math.imul(hash ^ words[i]!, 0xcc9e2d51);
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  }
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Reads the UUID of an indicator's id into four words; returns whether it has one. */
export function readUuid(id: string, words: Uint32Array): boolean {
  if (id.length !== PREFIX.length + LENGTH) return false;
  if (!id.startsWith(PREFIX) && !id.toLowerCase().startsWith(PREFIX)) return false;
  for (let i = 0; i < HYPHENS.length; i++) {
    if (id.charCodeAt(HYPHENS[i]!) !== HYPHEN) return false;
  }
  let all = 0;
  for (let word = 0; word < WORDS; word++) {
    const high = fourDigits(id, QUARTERS[2 * word]!), low = fourDigits(id, QUARTERS[2 * word + 1]!);
    words[word] = high << 16 | low;
    all |= high | low;
  }
  return all >= 0;
}

/** The number in four hexadecimal digits of a text; below 0 if one is none. */
function fourDigits(text: string, at: number): number {
  const a = text.charCodeAt(at), b = text.charCodeAt(at + 1);
  const c = text.charCodeAt(at + 2), d = text.charCodeAt(at + 3);
  if ((a | b | c | d) > 0x7f) return -1;
  return DIGITS[a]! << 12 | DIGITS[b]! << 8 | DIGITS[c]! << 4 | DIGITS[d]!;
}

const HYPHEN = 0x2d;
/** Where hyphens stand in an id, and where the quarters of its words begin, two of each word. */
const HYPHENS = Uint8Array.of(8, 13, 18, 23).map((at) => at + PREFIX.length);
const QUARTERS = Uint8Array.of(0, 4, 9, 14, 19, 24, 28, 32).map((at) => at + PREFIX.length);
/** Values of the hexadecimal digits by character, -1 for others. */
const DIGITS = Int8Array.from({ length: 128 }, (_, code) => {
  const digit = parseInt(String.fromCharCode(code), 16);
  return isNaN(digit) ? -1 : digit;
});
