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
  const slots = createSlots((number) => hash(uuids, (number - 1) * WORDS));
  let count = 0;
  /** The UUID that was asked for last: most are asked for, and then added. */
  const asked = new Uint32Array(WORDS);
  let lastAsked: string | undefined;

  function ask(id: string): boolean {
    if (id === lastAsked) return true;
    lastAsked = undefined;
    if (!readUuid(id, asked)) return false;
    lastAsked = id;
    return true;
  }

  /** The slot of the UUID in `words[at…]` among these, or the free one where it would go. */
  function probe(slots: Uint32Array, words: Uint32Array, at: number): number {
    const mask = slots.length - 1;
    const [a, b, c, d] = [words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!];
    for (let slot = hash(words, at) & mask;; slot = (slot + 1) & mask) {
      const other = (slots[slot]! - 1) * WORDS;
      if (other < 0) return slot;
      if (
        uuids[other] === a && uuids[other + 1] === b && uuids[other + 2] === c &&
        uuids[other + 3] === d
      ) return slot;
    }
  }

  function addUuid(uuid: Uint32Array, handle: Handle): void {
    slots.grow(count++);
    uuids = enlarge(uuids, (handle + 1) * WORDS);
    for (let word = 0; word < WORDS; word++) uuids[handle * WORDS + word] = uuid[word]!;
    slots.put(hash(uuid, 0), handle + 1);
  }

  return {
    find(id) {
      if (!ask(id)) return -1;
      const { now, old } = slots;
      return (now[probe(now, asked, 0)]! || old[probe(old, asked, 0)]!) - 1;
    },
    add(id, handle) {
      if (!ask(id)) throw new RangeError(`${id} is no id of an indicator`);
      addUuid(asked, handle);
    },
    addUuid,
    remove(handle) {
      if ((handle + 1) * WORDS > uuids.length) return;
      for (const some of [slots.now, slots.old]) {
        const slot = probe(some, uuids, handle * WORDS);
        if (some[slot] !== handle + 1) continue;
        slots.free(some, slot);
        count--;
        return;
      }
    },
  };
}

/** As MurmurHash3 mixes: who makes ids may count them up. */
function hash(words: Uint32Array, at: number): number {
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
  let digits = 0, word = 0;
  for (let at = PREFIX.length; at < id.length; at++) {
    const code = id.charCodeAt(at);
    const digit = code < 128 ? DIGITS[code]! : -1;
    if (digit >= 0) {
      word = word << 4 | digit;
      if ((++digits & 7) === 0) words[(digits >> 3) - 1] = word;
    } else if (code !== HYPHEN || !HYPHENS.includes(at - PREFIX.length)) return false;
  }
  return digits === WORDS * 8;
}

const HYPHEN = 0x2d;
/** Where hyphens stand in a UUID. */
const HYPHENS = [8, 13, 18, 23];
/** Values of the hexadecimal digits by character, -1 for others. */
const DIGITS = Int8Array.from({ length: 128 }, (_, code) => {
  const digit = parseInt(String.fromCharCode(code), 16);
  return isNaN(digit) ? -1 : digit;
});
