/**
 * Indicators in the bytes that they came as, of which only what decides about them is read: of a
 * million that a feed brings, the objects of few are ever asked for.
 */
import type { JsonObject } from "../json.ts";
import type { Observable } from "../match/observable.ts";
import { PackedObservable } from "../match/packed_observable.ts";
import { KIND_NUMBERS } from "../match/table.ts";
import type { Validity } from "./filter.ts";
import type { Indicator } from "./indicator.ts";
import { idOf, type Uuid } from "./id_words.ts";
import { createIndicatorReader, type IndicatorReader } from "./indicator_reader.ts";
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
  const { modified, from, until, revoked, patternStart, patternEnd } = reader;
  const point = pointIn(reader, bytes);
  if (point === undefined) return undefined;
  const validity = { modified, from, until, revoked };
  return new ReceivedIndicator(reader.uuid(), [point], validity, bytes, patternStart, patternEnd);
}

/** The value that was read; of one that is canonical no string is made. */
function pointIn(reader: IndicatorReader, bytes: Uint8Array): Observable | undefined {
  const { kinds, isCanonical } = reader;
  if (!isCanonical) return observeAs(kinds, reader.value());
  const { valueStart, valueEnd } = reader;
  return new PackedObservable(KIND_NUMBERS[kinds[0]!], bytes, valueStart, valueEnd);
}

/** An indicator whose object is parsed when it is asked for. A class, as a million have these getters. */
export class ReceivedIndicator implements Indicator {
  /** The id, once somebody asked for it. */
  private text: string | undefined = undefined;

  constructor(
    readonly uuid: Uuid,
    readonly points: readonly Observable[],
    readonly validity: Validity,
    /** UTF-8. */
    readonly bytes: Uint8Array,
    /** Where the pattern is. */
    private readonly start: number,
    private readonly end: number,
  ) {}

  get id(): string {
    return this.text ??= idOf(this.uuid);
  }

  get pattern(): string {
    return textOf(this.bytes.subarray(this.start, this.end));
  }

  get json(): string {
    return textOf(this.bytes);
  }

  get stix(): JsonObject {
    return JSON.parse(this.json);
  }

  copy(): ReceivedIndicator {
    const bytes = this.bytes.slice();
    const points = this.points.map((point) =>
      point instanceof PackedObservable
        ? new PackedObservable(point.number, bytes, point.start, point.end)
        : point
    );
    return new ReceivedIndicator(this.uuid, points, this.validity, bytes, this.start, this.end);
  }
}

/** The same for who holds it long: as it came it keeps all that was read with it, half a MiB where many come. */
export function inOwnBytes(indicator: Indicator): Indicator {
  return indicator instanceof ReceivedIndicator ? indicator.copy() : indicator;
}
