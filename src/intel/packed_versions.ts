/**
 * Versions of a few indicators in bytes, as they are kept on disk: a restart reads a million of
 * them. Each is, little-endian: its place (1 byte), flags (1), nothing (2), its length in all (4),
 * the UUID of its id (16), `modified`; `from` and `until` (8 each) unless flags say that they are
 * not there. Then its points, or the values that a compound pattern needs: the number of the kind
 * (1), the length of the value (4), and that in UTF-8.
 */
import { InputError } from "../errors.ts";
import { type Observable, OBSERVABLE_KINDS } from "../match/observable.ts";
import { PackedObservable } from "../match/packed_observable.ts";
import { KIND_NUMBERS } from "../match/table.ts";
import { UUID_WORDS } from "./id_words.ts";
import type { Prefilter } from "./points.ts";
import type { HeldVersion, Version } from "./version.ts";

/** Where in a version what is. */
const FLAGS = 1, LENGTH = 4, UUID = 8, MODIFIED = 24, REST = 32;
/** Of a time, and of what stands before the value of a point. */
const TIME = 8, VALUE_LENGTH = 1, VALUE = 5;

/** Bits of the flags. */
const FLAG = {
  revoked: 1,
  /** `from` is `modified`. */
  fromModified: 2,
  /** There is no `until`. */
  endless: 4,
  /** The values are those that a compound pattern needs. */
  needs: 8,
  /** It is a compound pattern that needs none. */
  sweeps: 16,
} as const;

/** Puts versions together, their places ascending. */
export interface VersionPacker {
  add(place: number, version: Omit<Version, "json" | "continues">): void;
  /** Adds versions as they are in other bytes. */
  copy(bytes: Uint8Array, start: number, end: number): void;
  /** What was added since the last time; valid until the next call. */
  take(): Uint8Array;
}

/** Makes one with nothing in it. */
export function createVersionPacker(): VersionPacker {
  let bytes = new Uint8Array(1 << 13);
  let view = new DataView(bytes.buffer);
  let length = 0;

  function makeRoom(more: number): void {
    if (length + more <= bytes.length) return;
    const larger = new Uint8Array((length + more) * 2);
    larger.set(bytes);
    bytes = larger;
    view = new DataView(bytes.buffer);
  }

  function addTime(time: number): void {
    view.setFloat64(length, time, true);
    length += TIME;
  }

  function addPoint(point: Observable): void {
    if (point instanceof PackedObservable) {
      const size = point.end - point.start;
      makeRoom(VALUE + size);
      // Most values are short: a view and a call take longer.
      for (let at = 0; at < size; at++) bytes[length + VALUE + at] = point.bytes[point.start + at]!;
      addHead(point.number, size);
    } else addText(point);
  }

  /** What stands before a value of so many bytes that is there already. */
  function addHead(kind: number, size: number): void {
    bytes[length] = kind;
    view.setUint32(length + VALUE_LENGTH, size, true);
    length += VALUE + size;
  }

  function addText({ kind, value }: Observable): void {
    makeRoom(VALUE + value.length * 3);
    addHead(KIND_NUMBERS[kind], writeText(value, bytes, length + VALUE));
  }

  return {
    add(place, version) {
      const start = length;
      const { modified, from, until } = version.validity;
      const flags = flagsOf(version);
      makeRoom(REST + 2 * TIME);
      view.setUint32(start, place | flags << 8, true);
      for (let word = 0; word < UUID_WORDS; word++) {
        view.setUint32(start + UUID + 4 * word, version.uuid[word]!, true);
      }
      length += MODIFIED;
      addTime(modified);
      if ((flags & FLAG.fromModified) === 0) addTime(from);
      if ((flags & FLAG.endless) === 0) addTime(until);
      for (const point of version.prefilter?.values ?? version.points) addPoint(point);
      view.setUint32(start + LENGTH, length - start, true);
    },
    copy(other, start, end) {
      makeRoom(end - start);
      bytes.set(other.subarray(start, end), length);
      length += end - start;
    },
    take() {
      const packed = bytes.subarray(0, length);
      length = 0;
      return packed;
    },
  };
}

function flagsOf({ validity, prefilter }: Omit<Version, "json" | "continues">): number {
  const { modified, from, until, revoked } = validity;
  return (revoked ? FLAG.revoked : 0) |
    (from === modified ? FLAG.fromModified : 0) |
    (until === Infinity ? FLAG.endless : 0) |
    (prefilter === undefined ? 0 : prefilter.values === undefined ? FLAG.sweeps : FLAG.needs);
}

/** The place of the version that starts here. */
export function placeAt(bytes: Uint8Array, start: number): number {
  return bytes[start]!;
}

/**
 * Where the version after the one that starts here starts.
 *
 * @throws InputError when that can't be: read on, a length of 0 would be read for ever
 */
export function endAt(bytes: Uint8Array, start: number): number {
  const end = start + wordAt(bytes, start + LENGTH);
  if (end >= start + REST && end <= bytes.length) return end;
  throw new InputError("The indicators in the state are damaged", {
    hint:
      "Move the state directory away: the bus gives indicators again, what was undelivered is lost.",
  });
}

/** The versions in some bytes, one after the other. A class, as a million are read from its fields. */
export class PackedVersions implements HeldVersion {
  handle = -1;
  readonly uuid = new Uint32Array(UUID_WORDS);
  modified = 0;
  from = 0;
  until = 0;
  revoked = false;
  readonly #view: DataView;
  #flags = 0;
  /** Where the values are, and the next version. */
  #values = 0;
  #end = 0;
  readonly #one: readonly [PackedObservable];

  /** `first` is the handle of the first place. */
  constructor(readonly bytes: Uint8Array, readonly first: number) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#one = [new PackedObservable(0, bytes, 0, 0)];
  }

  /** Goes to the next version, the first one at first; false if there is none. */
  next(): boolean {
    const { bytes } = this, start = this.#end, view = this.#view;
    if (start >= bytes.length) return false;
    const flags = this.#flags = bytes[start + FLAGS]!;
    this.handle = this.first + placeAt(bytes, start);
    this.#end = endAt(bytes, start);
    for (let word = 0; word < UUID_WORDS; word++) {
      this.uuid[word] = view.getUint32(start + UUID + 4 * word, true);
    }
    this.revoked = (flags & FLAG.revoked) !== 0;
    this.modified = view.getFloat64(start + MODIFIED, true);
    let at = start + REST;
    this.from = this.modified;
    if ((flags & FLAG.fromModified) === 0) {
      this.from = view.getFloat64(at, true);
      at += TIME;
    }
    this.until = Infinity;
    if ((flags & FLAG.endless) === 0) {
      this.until = view.getFloat64(at, true);
      at += TIME;
    }
    this.#values = at;
    return true;
  }

  get points(): readonly Observable[] {
    const at = this.#values;
    if (at === this.#end || (this.#flags & FLAG.needs) !== 0) return [];
    const end = pointEnd(this.bytes, at);
    if (end !== this.#end) return pointsIn(this.bytes, at, this.#end);
    const point = this.#one[0];
    point.number = this.bytes[at]!;
    point.start = at + VALUE;
    point.end = end;
    return this.#one;
  }

  get prefilter(): Prefilter | undefined {
    if ((this.#flags & FLAG.sweeps) !== 0) return { values: undefined };
    if ((this.#flags & FLAG.needs) === 0) return undefined;
    return { values: pointsIn(this.bytes, this.#values, this.#end) };
  }
}

function pointsIn(bytes: Uint8Array, start: number, end: number): Observable[] {
  const points: Observable[] = [];
  for (let at = start, next; at < end; at = next) {
    next = pointEnd(bytes, at);
    const value = decoder.decode(bytes.subarray(at + VALUE, next));
    points.push({ kind: OBSERVABLE_KINDS[bytes[at]!]!, value });
  }
  return points;
}

function pointEnd(bytes: Uint8Array, start: number): number {
  return start + VALUE + wordAt(bytes, start + VALUE_LENGTH);
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24) >>> 0;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Writes a text, of which nearly all are ASCII and short; returns its length in UTF-8. */
function writeText(text: string, into: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return encoder.encodeInto(text, into.subarray(at)).written;
    into[at + i] = code;
  }
  return text.length;
}
