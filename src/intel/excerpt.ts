/**
 * Indicators in the bytes that they came as, of which only what decides about them is read: of a
 * million that a feed brings, the objects of few are ever asked for.
 */
import type { JsonObject, JsonValue } from "../json.ts";
import type { Observable } from "../match/observable.ts";
import { createMemberFinder } from "../stix/json_members.ts";
import { type Validity, validityOf } from "./filter.ts";
import type { Indicator } from "./indicator.ts";
import { textOf } from "./version.ts";

/** The members that decide about an indicator, and the object as it came. */
export interface Excerpt {
  /** As JSON.parse gives them; those that are missing are undefined. */
  readonly members: JsonObject;
  /** UTF-8. */
  readonly bytes: Uint8Array;
}

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
] as const;

const finder = createMemberFinder(NAMES);
/**
 * Reads an object that is plainly spelt; undefined says that JSON.parse has to (and may find that
 * it is none).
 */
export function readExcerpt(bytes: Uint8Array): Excerpt | undefined {
  if (!finder.find(bytes, 0, bytes.length)) return undefined;
  const { starts, ends, plain, isAscii } = finder;
  const text = isAscii ? textOf(bytes) : undefined;
  const read = (place: number): JsonValue | undefined => {
    const start = starts[place]!, end = ends[place]!;
    if (start < 0) return undefined;
    if (plain[place] === 1 && text !== undefined) return text.slice(start + 1, end - 1);
    return JSON.parse(text?.slice(start, end) ?? textOf(bytes.subarray(start, end)));
  };
  // Written out, so that all have one shape.
  const members = {
    type: read(0),
    id: read(1),
    pattern: read(2),
    pattern_type: read(3),
    created: read(4),
    modified: read(5),
    valid_from: read(6),
    valid_until: read(7),
    revoked: read(8),
    x_threatbus_update: read(9),
  } satisfies Record<typeof NAMES[number], JsonValue | undefined>;
  return { members: members as JsonObject, bytes };
}

/** An indicator whose object is parsed when it is asked for. A class, as a million have these getters. */
export class ExcerptIndicator implements Indicator {
  readonly bytes: Uint8Array;
  readonly validity: Validity;
  #stix: JsonObject | undefined;

  constructor(
    readonly id: string,
    readonly pattern: string,
    readonly points: readonly Observable[],
    { members, bytes }: Excerpt,
  ) {
    this.bytes = bytes;
    this.validity = validityOf(members);
  }

  get json(): string {
    return textOf(this.bytes);
  }

  get stix(): JsonObject {
    return this.#stix ??= JSON.parse(this.json);
  }
}
