/**
 * Indicators in the bytes that they came as, of which only what decides about them is read: of a
 * million that a feed brings, the objects of few are ever asked for.
 */
import type { JsonObject } from "../json.ts";
import type { Observable } from "../match/observable.ts";
import type { Validity } from "./filter.ts";
import type { Indicator } from "./indicator.ts";
import { createIndicatorReader, ID_LENGTH, type IndicatorReader } from "./indicator_reader.ts";
import { observeAs } from "./points.ts";
import { textOf } from "./version.ts";

/** Made when the first indicator comes; one, as it keeps nothing. */
let reader: IndicatorReader | undefined | "none";

/**
 * Reads an indicator whose object is plainly spelt: new, for one value, with times that are some.
 * Undefined says that JSON.parse has to, and `indicatorFromStix` (and may find that it is none).
 */
export function readReceived(bytes: Uint8Array): ReceivedIndicator | undefined {
  reader ??= createIndicatorReader() ?? "none";
  if (reader === "none" || !reader.read(bytes)) return undefined;
  const { kinds, modified, from, until, revoked, patternStart, patternEnd } = reader;
  const texts = reader.texts();
  const value = texts.slice(ID_LENGTH);
  const point = reader.isCanonical ? { kind: kinds[0]!, value } : observeAs(kinds, value);
  if (point === undefined) return undefined;
  const id = texts.slice(0, ID_LENGTH);
  const validity = { modified, from, until, revoked };
  return new ReceivedIndicator(id, [point], validity, bytes, patternStart, patternEnd);
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
