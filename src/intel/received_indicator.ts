/**
 * Indicators in the bytes that they came as, of which only what decides about them is read: of a
 * million that a feed brings, the objects of few are ever asked for.
 */
import type { JsonObject } from "../json.ts";
import type { Observable } from "../match/observable.ts";
import { createMemberFinder, createNameIndex } from "../stix/json_members.ts";
import { timestampMillis } from "../stix/timestamp.ts";
import type { Validity } from "./filter.ts";
import type { Indicator } from "./indicator.ts";
import { plainPoint } from "./plain_pattern.ts";
import { textOf } from "./version.ts";

const NAMES = [
  "type",
  "id",
  "pattern",
  "pattern_type",
  "created",
  "modified",
  "valid_from",
  "valid_until",
  "revoked",
  "x_threatbus_update",
];
const [TYPE, ID, PATTERN, LANGUAGE, CREATED, MODIFIED, FROM, UNTIL, REVOKED, UPDATE] = NAMES.keys();

const finder = createMemberFinder(NAMES);
/** Values that leave nothing to ask. */
const wordAt = createNameIndex(['"indicator"', '"stix"', "true", "false", "null"]);
const INDICATOR = 0, STIX = 1, TRUE = 2, FALSE = 3;

/**
 * Reads an indicator whose object is plainly spelt: new, for one value, with times that are some.
 * Undefined says that JSON.parse has to, and `indicatorFromStix` (and may find that it is none).
 */
export function readReceived(bytes: Uint8Array): ReceivedIndicator | undefined {
  if (!finder.find(bytes, 0, bytes.length)) return undefined;
  const { starts, ends, plain } = finder;
  if (wordOf(bytes, TYPE!) !== INDICATOR || starts[UPDATE!]! >= 0) return undefined;
  if (starts[LANGUAGE!]! >= 0 && wordOf(bytes, LANGUAGE!) !== STIX) return undefined;
  const revoked = starts[REVOKED!]! < 0 ? FALSE : wordOf(bytes, REVOKED!);
  if (revoked !== TRUE && revoked !== FALSE) return undefined;
  if (plain[ID!] !== 1 || !isId(bytes, starts[ID!]! + 1, ends[ID!]! - 1)) return undefined;
  const modified = timeOf(bytes, starts[MODIFIED!]! < 0 ? CREATED! : MODIFIED!, -Infinity);
  const from = timeOf(bytes, FROM!, -Infinity), until = timeOf(bytes, UNTIL!, Infinity);
  if (isNaN(modified) || isNaN(from) || isNaN(until)) return undefined;
  if (plain[PATTERN!] !== 1) return undefined;
  const start = starts[PATTERN!]! + 1, end = ends[PATTERN!]! - 1;
  const point = plainPoint(bytes, start, end);
  if (point === undefined) return undefined;
  const id = textOf(bytes.subarray(starts[ID!]! + 1, ends[ID!]! - 1));
  const validity = { modified, from, until, revoked: revoked === TRUE };
  return new ReceivedIndicator(id, [point], validity, bytes, start, end);
}

/** The place of a member's value among the words, or -1. */
function wordOf(bytes: Uint8Array, place: number): number {
  return wordAt(bytes, finder.starts[place]!, finder.ends[place]!);
}

/** A member in ms since the epoch; NaN if it is none, `missing` if it is not there. */
function timeOf(bytes: Uint8Array, place: number, missing: number): number {
  const start = finder.starts[place]!;
  if (start < 0) return missing;
  if (finder.plain[place] !== 1) return NaN;
  return timestampMillis(bytes, start + 1, finder.ends[place]! - 1);
}

/** `indicator--` and a UUID in lower case, with `x` for each digit. */
const ID_SHAPE = new TextEncoder().encode("indicator--xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
const DIGIT = 0x78;
const FIRST_DIGIT = "indicator--".length;

function isId(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== ID_SHAPE.length) return false;
  for (let i = 0; i < ID_SHAPE.length; i++) {
    const byte = bytes[start + i]!, like = ID_SHAPE[i]!;
    const isOne = i < FIRST_DIGIT || like !== DIGIT
      ? byte === like
      : (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66);
    if (!isOne) return false;
  }
  return true;
}

/** An indicator whose object is parsed when it is asked for. A class, as a million have these getters. */
export class ReceivedIndicator implements Indicator {
  constructor(
    readonly id: string,
    readonly points: readonly Observable[],
    readonly validity: Validity,
    /** UTF-8. */
    readonly bytes: Uint8Array,
    /** Where the pattern is. */
    private readonly start: number,
    private readonly end: number,
  ) {}

  get pattern(): string {
    return textOf(this.bytes.subarray(this.start, this.end));
  }

  get json(): string {
    return textOf(this.bytes);
  }

  get stix(): JsonObject {
    return JSON.parse(this.json);
  }
}
