/** Indicators as they are asked for: read back from where their objects are, or made of a plain value. */
import type { Place } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import type { OwnIocSet } from "../match/ioc_set.ts";
import type { Handle } from "../match/set.ts";
import type { Admission } from "./admission.ts";
import type { Documents } from "./documents.ts";
import type { Indicator } from "./indicator.ts";
import { type Records, State } from "./records.ts";
import { readDocument, stixIndicator } from "./stix_indicator.ts";
import { plainIndicator } from "./synthesize.ts";

/** What a handle named before it changed. */
export interface Former {
  readonly pattern: string;
  readonly indicator: () => Indicator;
}

/** See the top of the file. */
export interface Recall {
  /** Throws `RangeError` if the handle names none that is looked for or waits. */
  get(handle: Handle): Indicator;
  documentOf(handle: Handle): string;
  /** What a handle names that is about to change; it is read anew from then on. */
  leave(handle: Handle): Former;
  /** The handle names another indicator. */
  forget(handle: Handle): void;
  /** Number of a source. */
  source(file: string | undefined): number;
  /** Notes where the indicator of a handle was read. */
  note(handle: Handle, place: Place | undefined): void;
}

/** The parts of the set that are read. */
export interface RecallParts {
  readonly records: Records;
  readonly documents: Pick<Documents, "get">;
  readonly iocs: Pick<OwnIocSet, "observable">;
  readonly allowed: Admission["allowed"];
  /** When plain values count from, ms since the epoch. */
  readonly since: number;
}

/** So many indicators are kept in their long form. */
const MOST_RECENT = 1024;

/** Makes what reads the indicators of a set. */
export function createRecall({ records, documents, iocs, allowed, since }: RecallParts): Recall {
  /** Indicators that were asked for lately: who is found is often found again. */
  const recent = new Map<Handle, Indicator>();
  const sources: (string | undefined)[] = [undefined];
  /** Mostly the same again. */
  let last = 0;

  function get(handle: Handle): Indicator {
    const known = recent.get(handle);
    if (known !== undefined) return known;
    const indicator = isPlain(handle)
      ? readPlain(handle)
      : readIndicator(documentOf(handle), placeOf(handle));
    if (recent.size >= MOST_RECENT) recent.clear();
    recent.set(handle, indicator);
    return indicator;
  }

  function isPlain(handle: Handle): boolean {
    return records.states[handle] === State.plain;
  }

  function readPlain(handle: Handle): Indicator {
    return plainIndicator(iocs.observable(records.refs[handle]!), since, placeOf(handle));
  }

  function readIndicator(json: string, place: Place | undefined): Indicator {
    const { stix, points } = readDocument(json);
    return stixIndicator(stix, json, allowed(points), place);
  }

  function documentOf(handle: Handle): string {
    const json = isDocumented(records, handle) ? documents.get(handle) : undefined;
    if (json === undefined) throw new RangeError(`No indicator has the handle ${handle}`);
    return json;
  }

  function placeOf(handle: Handle): Place | undefined {
    const file = sources[records.sources[handle]!];
    const line = records.lines[handle]!;
    return file === undefined ? undefined : line > 0 ? { file, line } : { file };
  }

  function source(file: string | undefined): number {
    if (sources[last] === file) return last;
    const known = sources.indexOf(file);
    return last = known >= 0 ? known : sources.push(file) - 1;
  }

  return {
    get,
    documentOf,
    leave(handle) {
      const known = recent.get(handle);
      recent.delete(handle);
      if (isPlain(handle)) {
        const indicator = known ?? readPlain(handle);
        return { pattern: indicator.pattern, indicator: () => indicator };
      }
      const place = placeOf(handle);
      const json = known?.json ?? documentOf(handle);
      const pattern = known?.pattern ?? (JSON.parse(json) as JsonObject)["pattern"] as string;
      return { pattern, indicator: () => known ?? readIndicator(json, place) };
    },
    forget: (handle) => void recent.delete(handle),
    source,
    note(handle, place) {
      records.sources[handle] = source(place?.file);
      records.lines[handle] = place?.line ?? 0;
    },
  };
}

/** Whether a STIX indicator stands here whose object may be asked for. */
export function isDocumented({ states }: Records, handle: Handle): boolean {
  return states[handle] === State.active || states[handle] === State.pending;
}
