/**
 * STIX ids of indicators to handles, for millions: 16 bytes of UUID by handle, and a table of handles
 * that is at most two thirds full.
 */
import { enlarge } from "../match/enlarge.ts";
import type { Handle } from "../match/set.ts";
import { createSlots } from "../match/slots.ts";
import { type Uuid, UUID_WORDS as WORDS } from "./id_words.ts";

/** See the top of the file. */
export interface Ids {
  /** The handle of an id, or -1. */
  find(uuid: Uuid): Handle;
  /** Whether this is the id of a handle, which has one. */
  is(handle: Handle, uuid: Uuid): boolean;
  /** Adds an id that is not there. */
  add(uuid: Uuid, handle: Handle): void;
  /** Forgets the id of a handle, if it has one. */
  remove(handle: Handle): void;
  /** Makes room for so many ids in all, at once. */
  reserve(count: number): void;
}

/** Makes an empty index. */
export function createIds(): Ids {
  let uuids = new Uint32Array(WORDS << 8);
  /** Handles plus one. */
  const slots = createSlots((number) => hashOf(uuids, (number - 1) * WORDS));
  let count = 0;
  /** The UUID that was asked for last, as unsigned numbers, and its hash. */
  const asked = new Uint32Array(WORDS);
  let hash = 0;

  function ask(uuid: Uuid): void {
    for (let word = 0; word < WORDS; word++) asked[word] = uuid[word]!;
    hash = hashOf(asked, 0);
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

  /** The handle in a slot, or -1. */
  function handleIn(held: number): Handle {
    return (held & slots.numbers) - 1;
  }

  return {
    find(uuid) {
      ask(uuid);
      const { now, old } = slots;
      const held = now[probe(now, hash, asked, 0)]!;
      if (held !== 0 || old.length === 1) return handleIn(held);
      return handleIn(old[probe(old, hash, asked, 0)]!);
    },
    is(handle, uuid) {
      for (let word = 0; word < WORDS; word++) {
        if (uuids[handle * WORDS + word] !== uuid[word]! >>> 0) return false;
      }
      return true;
    },
    add(uuid, handle) {
      ask(uuid);
      slots.grow(count++);
      const at = handle * WORDS;
      if (at + WORDS > uuids.length) uuids = enlarge(uuids, at + WORDS);
      for (let word = 0; word < WORDS; word++) uuids[at + word] = asked[word]!;
      slots.put(hash, handle + 1);
    },
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
    reserve(count) {
      slots.reserve(count);
      uuids = enlarge(uuids, count * WORDS);
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
