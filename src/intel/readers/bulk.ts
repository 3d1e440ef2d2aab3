/**
 * Reading long plain lists: WebAssembly puts the simple lines straight into the columns of
 * an indicator set, which cold JavaScript does slowly. The columns move into its memory for that.
 */
import { Buffer } from "node:buffer";
import type { TableColumns } from "../../match/columns.ts";
import type { BulkPlace } from "../plain_values.ts";
import { CLASSES, SIMPLE_KINDS } from "./simple.ts";
import { PLAIN_WASM } from "./plain_wasm.ts";
import type { LineVisitor } from "./text_lines.ts";

/** What came of some lines. */
export interface BulkResult {
  /** Lines gone through, empty ones too. */
  readonly lines: number;
  /** Values that are new, and that were there already. */
  readonly added: number;
  readonly known: number;
}

/** Goes over whole lines, `line` being the number of the first. */
export type BulkVisitor = (
  bytes: Uint8Array,
  start: number,
  end: number,
  line: number,
) => BulkResult;

/** Numbers that `assembly/plain.ts` exports and what `scan` returns. */
type Counts = "count" | "used" | "keys" | "length" | "added" | "known";
type Places = "slots" | "slotMask" | "lineStart" | "lineEnd" | "next" | "line";
type PlainExports = Readonly<Record<Counts | Places, WebAssembly.Global>> & {
  placeTable(...places: number[]): void;
  placeRecords(...places: number[]): void;
  resume(count: number, used: number, keys: number, length: number, source: number): void;
  scan(from: number, to: number, line: number): number;
};
const TAKEN = 0;

/** Addresses that `assembly/plain.ts` knows, and where the columns begin. */
const KINDS_AT = 256;
const SHAPES_AT = 768;
const PAIRS_AT = 0x4000;
const FREE_AT = 0x6000;
const PAGE = 65536;
/** Most lists come in chunks no longer than this. */
const INPUT_BYTES = 1 << 20;
/** Bytes behind a region that are read or written with it. */
const SLACK = 64;
/** Bytes of a line, few and usual: room is made for lists of short lines, slots for usual ones. */
const SHORT_LINE = 12;
const USUAL_LINE = 24;

/**
 * Makes a visitor that puts simple values into `place`, for a list of about `expected` bytes, and
 * calls back with all other lines that are not empty.
 */
export function createBulkVisitor(
  place: BulkPlace,
  source: number,
  expected: number,
  other: LineVisitor,
): BulkVisitor {
  const wasm = Buffer.from(PLAIN_WASM, "base64");
  const module = new WebAssembly.Module(wasm);
  let home: Home | undefined;
  let left = expected;

  return (bytes, start, end, line) => {
    let lines = 0, added = 0, known = 0;
    for (let at = start; at < end;) {
      if (home?.holds(end - at) !== true) {
        // At least doubled, so that a list of unknown length is not copied again and again.
        const room = Math.max(left, end - at, place.iocs.columns().used);
        home = moveIn(module, place, room, Math.max(end - at, INPUT_BYTES));
      }
      const { exports, input, memory } = home;
      new Uint8Array(memory.buffer).set(bytes.subarray(at, end), input);
      const shift = at - input;
      let from = input;
      while (from < input + end - at && home.holds(0)) {
        const { count, used, keys } = place.iocs.columns();
        exports.resume(count, used, keys, place.records.length, source);
        const to = input + end - at;
        let result = TAKEN;
        // A few lines at a time: only functions that are called often are optimised.
        while (result === TAKEN && from < to) {
          result = exports.scan(from, to, line + lines);
          lines = exports.line.value - line;
          from = exports.next.value;
        }
        home.hand(place);
        added += exports.added.value;
        known += exports.known.value;
        if (result === TAKEN) continue;
        const stop = exports.lineEnd.value + shift;
        other(bytes, exports.lineStart.value + shift, stop, line + lines - 1);
      }
      at = from + shift;
    }
    left -= end - start;
    return { lines, added, known };
  };
}

/** The columns of a set in the memory of WebAssembly. */
interface Home {
  readonly exports: PlainExports;
  readonly memory: WebAssembly.Memory;
  /** Where lines are put. */
  readonly input: number;
  /** Whether the columns still are here, and there is room for so many bytes of lines. */
  holds(bytes: number): boolean;
  /** Gives the set what was added. */
  hand(place: BulkPlace): void;
}

/** Copies the columns of a set, with room for a list of so many bytes, `input` of them at a time. */
function moveIn(
  module: WebAssembly.Module,
  place: BulkPlace,
  bytes: number,
  inputBytes: number,
): Home {
  const { records, sieve } = place;
  const old = place.iocs.columns();
  const most = old.count + Math.ceil(bytes / SHORT_LINE) + 1024;
  const mostRecords = records.length + most - old.count;
  const mostBytes = old.used + bytes;
  let slotCount = old.slots.length;
  while (slotCount * 2 < (old.keys + bytes / USUAL_LINE) * 3) slotCount *= 2;

  let end = FREE_AT;
  const region = (size: number) => {
    const at = end;
    end = Math.ceil((end + size + SLACK) / SLACK) * SLACK;
    return at;
  };
  const words = () => region(most * 4);
  const at = {
    arena: region(mostBytes),
    starts: words(),
    handles: words(),
    hashes: words(),
    rings: words(),
    kinds: region(most),
    skips: region(most),
    states: region(mostRecords),
    refs: region(mostRecords * 4),
    sources: region(mostRecords * 2),
    lines: region(mostRecords * 4),
    modified: region(mostRecords * 8),
    until: region(mostRecords * 8),
    input: region(inputBytes),
    // The slots may double twice, each time behind themselves.
    slots: region(slotCount * 4 * 7),
  };
  const memory = new WebAssembly.Memory({ initial: Math.ceil(end / PAGE) });
  const buffer = memory.buffer as ArrayBuffer;
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const plain = exports as unknown as PlainExports;
  const fixed = new Uint8Array(buffer, 0, FREE_AT);
  fixed.set(CLASSES);
  fixed.set(SIMPLE_KINDS.map((kind) => kind + 1), KINDS_AT);
  if (sieve !== undefined) {
    fixed.set(sieve.pairs, PAIRS_AT);
    fixed.set(new Uint8Array(sieve.shapes.buffer), SHAPES_AT);
  }

  const bytesAt = (from: number, used: Uint8Array, length: number): Uint8Array<ArrayBuffer> =>
    filled(new Uint8Array(buffer, from, length), used);
  const wordsAt = (from: number, used: Uint32Array, length: number): Uint32Array<ArrayBuffer> =>
    filled(new Uint32Array(buffer, from, length), used);
  const { count, used, keys } = old;
  const columns: TableColumns = {
    arena: bytesAt(at.arena, old.arena.subarray(0, used), mostBytes),
    starts: wordsAt(at.starts, old.starts.subarray(0, count), most),
    handles: wordsAt(at.handles, old.handles.subarray(0, count), most),
    hashes: wordsAt(at.hashes, old.hashes.subarray(0, count), most),
    rings: wordsAt(at.rings, old.rings.subarray(0, count), most),
    kinds: bytesAt(at.kinds, old.kinds.subarray(0, count), most),
    skips: bytesAt(at.skips, old.skips.subarray(0, count), most),
    slots: new Uint32Array(buffer, at.slots, slotCount),
    used,
    count,
    keys,
  };
  rehash(old, columns.slots);
  const { length } = records;
  records.states = bytesAt(at.states, records.states.subarray(0, length), mostRecords);
  records.refs = wordsAt(at.refs, records.refs.subarray(0, length), mostRecords);
  records.sources = filled(
    new Uint16Array(buffer, at.sources, mostRecords),
    records.sources.subarray(0, length),
  );
  records.lines = wordsAt(at.lines, records.lines.subarray(0, length), mostRecords);
  records.modified = filled(
    new Float64Array(buffer, at.modified, mostRecords),
    records.modified.subarray(0, length),
  );
  records.until = filled(
    new Float64Array(buffer, at.until, mostRecords),
    records.until.subarray(0, length),
  );
  place.iocs.adopt(columns);
  plain.placeTable(
    at.arena,
    at.starts,
    at.handles,
    at.hashes,
    at.rings,
    at.kinds,
    at.skips,
    at.slots,
    slotCount,
    at.slots + slotCount * 4 * 7,
  );
  plain.placeRecords(at.states, at.refs, at.sources, at.lines, most, mostRecords, mostBytes);

  const { states } = records;
  let slots = columns.slots;
  return {
    exports: plain,
    memory,
    input: at.input,
    holds(wanted) {
      const now = place.iocs.columns();
      return wanted <= inputBytes && now.starts === columns.starts && now.arena === columns.arena &&
        now.slots === slots && records.states === states;
    },
    hand({ iocs, records, onAdded }) {
      const slotCount = plain.slotMask.value + 1;
      if (slotCount > slots.length) {
        slots = new Uint32Array(buffer, plain.slots.value, slotCount);
      }
      records.length = plain.length.value;
      iocs.adopt({
        ...columns,
        slots,
        used: plain.used.value,
        count: plain.count.value,
        keys: plain.keys.value,
      });
      onAdded(plain.added.value);
    },
  };
}

function filled<A extends { set(from: ArrayLike<number>): void }>(
  to: A,
  from: ArrayLike<number>,
): A {
  to.set(from);
  return to;
}

/** Puts the keys of a table into more slots. */
function rehash({ slots: old, hashes }: TableColumns, slots: Uint32Array): void {
  if (old.length === slots.length) return slots.set(old);
  const mask = slots.length - 1;
  for (const tail of old) {
    if (tail === 0) continue;
    let slot = hashes[tail - 1]! & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = tail;
  }
}
