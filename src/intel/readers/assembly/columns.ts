/**
 * The columns of a table (`src/match/table.ts`) and of the records of an indicator set
 * (`src/intel/records.ts`), where the host laid them, and adding to them as these do.
 */

/** State of a record that is a plain value. */
const PLAIN: u8 = 1;

let arena: usize = 0;
let starts: usize = 0;
let handles: usize = 0;
let hashes: usize = 0;
let rings: usize = 0;
let kinds: usize = 0;
let skips: usize = 0;
let states: usize = 0;
let refs: usize = 0;
let sources: usize = 0;
let lines: usize = 0;
/** Entries, records and bytes of values that there is room for. */
let mostEntries: u32 = 0;
let mostRecords: u32 = 0;
let mostBytes: u32 = 0;

/** Where the slots are now, where they could end, and their mask. */
export let slots: usize = 0;
export let slotMask: u32 = 0;
let slotsEnd: usize = 0;

/** As in the table: entries, bytes in use, keys; and one above the highest handle. */
export let count: u32 = 0;
export let used: u32 = 0;
export let keys: u32 = 0;
export let length: u32 = 0;
/** Values that were added since the last `resume`, and those that were there already. */
export let added: u32 = 0;
export let known: u32 = 0;

/** The source of what is added. */
let source: u16 = 0;

/** Says where the columns of a table are. */
export function placeTable(
  arenaAt: usize,
  startsAt: usize,
  handlesAt: usize,
  hashesAt: usize,
  ringsAt: usize,
  kindsAt: usize,
  skipsAt: usize,
  slotsAt: usize,
  slotCount: u32,
  slotsTo: usize,
): void {
  arena = arenaAt;
  starts = startsAt;
  handles = handlesAt;
  hashes = hashesAt;
  rings = ringsAt;
  kinds = kindsAt;
  skips = skipsAt;
  slots = slotsAt;
  slotMask = slotCount - 1;
  slotsEnd = slotsTo;
}

/** Says where the columns of the records are, and how much fits. */
export function placeRecords(
  statesAt: usize,
  refsAt: usize,
  sourcesAt: usize,
  linesAt: usize,
  entries: u32,
  records: u32,
  bytes: u32,
): void {
  states = statesAt;
  refs = refsAt;
  sources = sourcesAt;
  lines = linesAt;
  mostEntries = entries;
  mostRecords = records;
  mostBytes = bytes;
}

/** Goes on from what the host has. */
export function resume(entries: u32, bytes: u32, keyCount: u32, records: u32, from: u32): void {
  count = entries;
  used = bytes;
  keys = keyCount;
  length = records;
  source = <u16> from;
  added = 0;
  known = 0;
}

/** Values that wait to be added, so that the processor can fetch the places of many at a time. */
export const MOST_WAITING: u32 = 256;
const WAITING_BYTES: usize = 28;
const WAITING: usize = 0x2000;
export let waiting: u32 = 0;

/** Has a value wait, whose first `skip` bytes are no key; `after` is where the line after it starts. */
// @ts-ignore: decorator
@inline
export function wait(kind: u32, start: usize, end: usize, skip: u32, line: u32, after: usize): void {
  const at = WAITING + waiting * WAITING_BYTES;
  waiting++;
  const hash = hashOf(kind, start + skip, end);
  store<u32>(at, kind);
  store<u32>(at, start, 4);
  store<u32>(at, end, 8);
  store<u32>(at, skip, 12);
  store<u32>(at, line, 16);
  store<u32>(at, after, 20);
  store<u32>(at, hash, 24);
}

/** What became of a value: it is in (or was), the host has to see, there is no room. */
export const TAKEN: u32 = 0;
export const HOST: u32 = 1;
export const FULL: u32 = 2;

/** The value that waited and is the host's. */
export let start: usize = 0;
export let end: usize = 0;
export let line: u32 = 0;
export let after: usize = 0;

/** Adds all that wait, up to one that is the host's. */
export function flush(): u32 {
  const stop = WAITING + <usize> waiting * WAITING_BYTES;
  waiting = 0;
  for (let at = WAITING; at < stop; at += WAITING_BYTES) {
    const slot = slots + (<usize> (load<u32>(at, 24) & slotMask) << 2);
    // Stored too, so that a page that is new is not asked for twice.
    store<u32>(slot, load<u32>(slot));
  }
  for (let at = WAITING; at < stop; at += WAITING_BYTES) {
    start = load<u32>(at, 4);
    end = load<u32>(at, 8);
    line = load<u32>(at, 16);
    after = load<u32>(at, 20);
    const result = take(load<u32>(at), start, end, load<u32>(at, 12), line, load<u32>(at, 24));
    if (result != TAKEN) return result;
  }
  return TAKEN;
}

function take(kind: u32, start: usize, end: usize, skip: u32, line: u32, hash: u32): u32 {
  const key = start + skip;
  if (keys * 3 >= (slotMask + 1) * 2 && !rehash()) return FULL;
  let slot = hash & slotMask;
  let tail: u32;
  while (true) {
    tail = load<u32>(slots + (<usize> slot << 2));
    if (tail == 0) break;
    if (isKey(tail - 1, hash, kind, key, end)) return takeAgain(tail - 1, skip);
    slot = (slot + 1) & slotMask;
  }
  const bytes = <u32> (end - start);
  if (count >= mostEntries || length >= mostRecords || used + bytes > mostBytes) return FULL;
  const entry = count++;
  copy(arena + used, start, bytes);
  const at = <usize> entry << 2;
  store<u32>(starts + at, used);
  store<u32>(handles + at, length);
  store<u32>(hashes + at, hash);
  store<u32>(rings + at, entry);
  store<u8>(kinds + entry, <u8> kind);
  store<u8>(skips + entry, <u8> skip);
  store<u32>(slots + (<usize> slot << 2), entry + 1);
  used += bytes;
  keys++;
  added++;
  const handle: usize = length++;
  store<u8>(states + handle, PLAIN);
  store<u32>(refs + (handle << 2), entry);
  store<u16>(sources + (handle << 1), source);
  store<u32>(lines + (handle << 2), line);
  return TAKEN;
}

/** A key that is there: nothing is to be done if it is that of the same plain value. */
function takeAgain(tail: u32, skip: u32): u32 {
  let entry = tail;
  do {
    const handle = load<u32>(handles + (<usize> entry << 2));
    if (load<u8>(skips + entry) == skip && load<u8>(states + handle) == PLAIN) {
      known++;
      return TAKEN;
    }
    entry = load<u32>(rings + (<usize> entry << 2));
  } while (entry != tail);
  return HOST;
}

function isKey(entry: u32, hash: u32, kind: u32, key: usize, end: usize): bool {
  const at = <usize> entry << 2;
  if (load<u32>(hashes + at) != hash || load<u8>(kinds + entry) != kind) return false;
  const from = load<u32>(starts + at) + load<u8>(skips + entry);
  const to = entry + 1 < count ? load<u32>(starts + at, 4) : used;
  if (to - from != <u32> (end - key)) return false;
  return memory.compare(arena + from, key, end - key) == 0;
}

/** Copies 16 bytes at a time, writing up to 15 too many. */
// @ts-ignore: decorator
@inline
function copy(to: usize, from: usize, bytes: u32): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, v128.load(from + i));
}

/** Doubles the slots, behind the old ones; false if there is no room. */
function rehash(): bool {
  const old = slots, oldBytes = (<usize> slotMask + 1) << 2;
  if (old + oldBytes * 3 > slotsEnd) return false;
  slots = old + oldBytes;
  slotMask = slotMask << 1 | 1;
  for (let at = old; at < old + oldBytes; at += 4) {
    const tail = load<u32>(at);
    if (tail == 0) continue;
    let slot = load<u32>(hashes + (<usize> (tail - 1) << 2)) & slotMask;
    while (load<u32>(slots + (<usize> slot << 2)) != 0) slot = (slot + 1) & slotMask;
    store<u32>(slots + (<usize> slot << 2), tail);
  }
  return true;
}

/** The same as `hashKey` of `src/match/key_hash.ts`. */
function hashOf(kind: u32, start: usize, end: usize): u32 {
  let hash: u32 = 0x811c9dc5 ^ kind;
  let at = start;
  for (; at + 4 <= end; at += 4) hash = rotl<u32>((hash ^ load<u32>(at)) * 0x9e3779b1, 15);
  for (; at < end; at++) hash = (hash ^ <u32> load<u8>(at)) * 0x01000193;
  hash = (hash ^ (hash >>> 16)) * 0x85ebca6b;
  hash = (hash ^ (hash >>> 13)) * 0xc2b2ae35;
  return hash ^ (hash >>> 16);
}
