/** Where readers put what they read: into the set, or into the report of what did not get there. */
import type { Place } from "../../errors.ts";
import type { JsonObject } from "../../json.ts";
import type { ObservableKind } from "../../match/observable.ts";
import { refang } from "../../match/refang.ts";
import { indicatorFromStix } from "../from_stix.ts";
import type { OwnIndicatorSet } from "../own_indicator_set.ts";
import { bareValue, observePlain, splitHostPort } from "../observe.ts";
import type { BulkPlace, PlainResult } from "../plain_values.ts";

/** Something that should have been an IoC and is none. */
export interface InvalidValue {
  readonly place: Place;
  /** The value, shortened. */
  readonly text: string;
  readonly reason: string;
}

/** What came of reading one source. */
export interface ReadReport {
  /** File name, `stdin`, `--ioc`. */
  readonly name: string;
  readonly format: string;
  /** Indicators that are new in the set. */
  added: number;
  /** Values that were in the set before. */
  repeated: number;
  /** Plain values that the guard held back; `heldBack` of the set says why. */
  held: number;
  /** Sound entries that are not looked for, by reason. */
  readonly ignored: Map<string, number>;
  /** The first `MAX_LISTED` invalid values. */
  readonly invalid: InvalidValue[];
  invalidCount: number;
  /** Things to know about values that were taken, by note. */
  readonly notes: Map<string, number>;
}

/** So many invalid values are listed one by one. */
const MAX_LISTED = 20;

/** Entry of an input: a line from 1, or a path in a JSON document. */
export type Spot = number | string;

/** See the top of the file. */
export interface Intake {
  readonly report: ReadReport;
  /** A value in any spelling; `kind` if it is known. */
  value(text: string, spot: Spot, kind?: ObservableKind): void;
  /** A value that is canonical already, as `OwnIndicatorSet.putPlainBytes` takes it. */
  simple(
    kind: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    skip: number,
    line: number,
  ): void;
  /** Where many values are put at once, and counted; undefined if each has to be looked at. */
  bulk(): IntakeBulk | undefined;
  /** An object that claims to be a STIX indicator. */
  stix(object: JsonObject, spot: Spot): void;
  ignore(reason: string): void;
  invalid(text: string, spot: Spot, reason: string): void;
}

/** What a reader in bulk needs. */
export interface IntakeBulk {
  readonly set: BulkPlace;
  readonly source: number;
  count(added: number, known: number): void;
}

const PORT_NOTE = "port left out: the address or domain is looked for on every port";

/** Makes the way into a set for one source; `explicit` as in `OwnIndicatorSet.putPlain`. */
export function createIntake(
  set: OwnIndicatorSet,
  name: string,
  format: string,
  explicit = false,
): Intake {
  const source = set.source(name);
  const report: ReadReport = {
    name,
    format,
    added: 0,
    repeated: 0,
    held: 0,
    ignored: new Map(),
    invalid: [],
    invalidCount: 0,
    notes: new Map(),
  };
  const placeOf = (spot: Spot): Place => {
    if (typeof spot === "number") return { file: name, line: spot };
    return spot === "" ? { file: name } : { file: name, key: spot };
  };

  function count(result: PlainResult): void {
    if (result === "added") report.added++;
    else if (result === "known") report.repeated++;
    else report.held++;
  }

  function invalid(text: string, spot: Spot, reason: string): void {
    report.invalidCount++;
    if (report.invalid.length < MAX_LISTED) {
      report.invalid.push({ place: placeOf(spot), text: text.slice(0, 120), reason });
    }
  }

  return {
    report,
    invalid,
    ignore: (reason) => raise(report.ignored, reason),
    simple(kind, bytes, start, end, skip, line) {
      count(set.putPlainBytes(kind, bytes, start, end, skip, source, line));
    },
    bulk() {
      const place = set.bulk();
      return place && {
        set: place,
        source,
        count(added, known) {
          report.added += added;
          report.repeated += known;
        },
      };
    },
    value(text, spot, kind) {
      const plain = bareValue(refang(text));
      let observable = observePlain(plain, kind);
      if (observable === undefined) {
        const split = splitHostPort(plain);
        observable = split && observePlain(split.host, kind);
        if (observable === undefined) return invalid(text, spot, whyInvalid(plain, kind));
        raise(report.notes, PORT_NOTE);
      }
      count(set.putPlain(observable, source, typeof spot === "number" ? spot : 0, explicit));
    },
    stix(object, spot) {
      const reading = indicatorFromStix(object, { place: placeOf(spot) });
      const shown = typeof object["id"] === "string" ? object["id"] : "indicator";
      if (reading.type === "invalid") return invalid(shown, spot, reading.reason);
      if (reading.type === "ignored") return raise(report.ignored, reading.reason);
      if (object["spec_version"] === undefined) {
        raise(report.notes, "STIX 2.0 object read as STIX 2.1");
      }
      const result = set.put(reading.indicator);
      if (result.type !== "ignored") report.added++;
      else raise(report.ignored, result.reason);
    },
  };
}

/** Why a text is no IoC, and what to do where that is known. */
function whyInvalid(text: string, kind: ObservableKind | undefined): string {
  if (kind !== undefined) return `is not of the type ${kind}`;
  if (/^\*?\.[a-z0-9-]/i.test(text)) {
    return "is a wildcard: give the domain alone, with --subdomains";
  }
  if (/^\[?[a-z0-9-]+:[a-z_].*=/i.test(text)) return "is a STIX pattern: give it with --pattern";
  if (/^[0-9][0-9.]*(?:\s*-\s*[0-9][0-9.]*|\.\*)$/.test(text)) {
    return "is a range: give it as networks, such as 192.0.2.0/24";
  }
  if (/^[a-z0-9_-]+$/i.test(text)) return "is no address, hash or domain with a dot";
  return "fits no kind of IoC";
}

function raise(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
