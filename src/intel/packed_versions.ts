/**
 * Versions of a few indicators in bytes, as they are kept on disk: a restart reads a million of
 * them. Each is, little-endian: its place (1 byte), flags (1), nothing (2), its length in all (4),
 * the UUID of its id (16), `modified`, `from` and `until` (8 each); then its points: the number of
 * the kind (1), the length of the value (4), and that in UTF-8.
 */
import { OBSERVABLE_KINDS } from "../match/observable.ts";
import type { Observable } from "../match/observable.ts";
import { KIND_NUMBERS } from "../match/table.ts";
import { readUuid, UUID_WORDS } from "./ids.ts";
import type { HeldVersion, Version } from "./version.ts";

/** Where in a version what is. */
const FLAGS = 1, LENGTH = 4, UUID = 8, MODIFIED = 24, FROM = 32, UNTIL = 40, POINTS = 48;
/** Of a point. */
const VALUE_LENGTH = 1, VALUE = 5;

const REVOKED = 1;

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
  const uuid = new Uint32Array(UUID_WORDS);

  function makeRoom(more: number): void {
    if (length + more <= bytes.length) return;
    const larger = new Uint8Array((length + more) * 2);
    larger.set(bytes);
    bytes = larger;
    view = new DataView(bytes.buffer);
  }

  function addPoint({ kind, value }: Observable): void {
    makeRoom(VALUE + value.length * 3);
    const written = writeText(value, bytes, length + VALUE);
    bytes[length] = KIND_NUMBERS[kind];
    view.setUint32(length + VALUE_LENGTH, written, true);
    length += VALUE + written;
  }

  return {
    add(place, { id, points, validity }) {
      const start = length;
      makeRoom(POINTS);
      if (!readUuid(id, uuid)) throw new RangeError(`${id} is no id of an indicator`);
      view.setUint32(start, place | (validity.revoked ? REVOKED : 0) << 8, true);
      for (let word = 0; word < UUID_WORDS; word++) {
        view.setUint32(start + UUID + 4 * word, uuid[word]!, true);
      }
      view.setFloat64(start + MODIFIED, validity.modified, true);
      view.setFloat64(start + FROM, validity.from, true);
      view.setFloat64(start + UNTIL, validity.until, true);
      length += POINTS;
      for (const point of points) addPoint(point);
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

/** The place of the version that starts here. */
export function placeAt(bytes: Uint8Array, start: number): number {
  return bytes[start]!;
}

/** Where the version after the one that starts here starts. */
export function endAt(bytes: Uint8Array, start: number): number {
  return start + wordAt(bytes, start + LENGTH);
}

/** The versions in packed bytes; the first place is that of this handle. */
export function* unpackVersions(bytes: Uint8Array, first: number): Iterable<HeldVersion> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const uuid = new Uint32Array(UUID_WORDS);
  for (let start = 0, end; start < bytes.length; start = end) {
    end = endAt(bytes, start);
    for (let word = 0; word < UUID_WORDS; word++) {
      uuid[word] = view.getUint32(start + UUID + 4 * word, true);
    }
    yield {
      handle: first + placeAt(bytes, start),
      uuid,
      modified: view.getFloat64(start + MODIFIED, true),
      from: view.getFloat64(start + FROM, true),
      until: view.getFloat64(start + UNTIL, true),
      revoked: (bytes[start + FLAGS]! & REVOKED) !== 0,
      points: pointsIn(bytes, start + POINTS, end),
    };
  }
}

function pointsIn(bytes: Uint8Array, start: number, end: number): Observable[] {
  const points: Observable[] = [];
  for (let at = start, next; at < end; at = next) {
    next = at + VALUE + wordAt(bytes, at + VALUE_LENGTH);
    points.push({ kind: OBSERVABLE_KINDS[bytes[at]!]!, value: readText(bytes, at + VALUE, next) });
  }
  return points;
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

function readText(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(bytes.subarray(start, end));
}
