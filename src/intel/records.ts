/** What an indicator set knows of each handle, in typed arrays: 30 bytes a handle. */
import { enlarge } from "../match/enlarge.ts";

/** State of a handle. */
export const State = {
  free: 0,
  /** A plain value; `ref` is its entry in the IoC set. */
  plain: 1,
  /** A STIX indicator that counts. */
  active: 2,
  /** A STIX indicator whose `valid_from` is to come. */
  pending: 3,
  /** Only the version is known: revoked, expired or held back, so that older versions stay out. */
  gone: 4,
} as const;

/** A freed handle is not given out again before so many others were freed, as results may still name it. */
const QUARANTINE = 4096;

/** The columns; replaced as they grow, so always read through the object. */
export interface Records {
  states: Uint8Array<ArrayBuffer>;
  refs: Uint32Array<ArrayBuffer>;
  /** ms since the epoch. */
  modified: Float64Array<ArrayBuffer>;
  until: Float64Array<ArrayBuffer>;
  sources: Uint16Array<ArrayBuffer>;
  lines: Uint32Array<ArrayBuffer>;
  /** One above the highest handle ever given. */
  length: number;
  /** The handle that `take` will give. */
  next(): number;
  take(): number;
  /** Takes this handle, which is above all that were ever taken; those between are free. */
  takeAt(handle: number): void;
  free(handle: number): void;
}

/** Makes empty records. */
export function createRecords(): Records {
  const freed: number[] = [];
  let oldest = 0;
  const records: Records = {
    states: new Uint8Array(64),
    refs: new Uint32Array(64),
    modified: new Float64Array(64),
    until: new Float64Array(64),
    sources: new Uint16Array(64),
    lines: new Uint32Array(64),
    length: 0,
    next: () => freed.length - oldest > QUARANTINE ? freed[oldest]! : records.length,
    take() {
      if (freed.length - oldest > QUARANTINE) return freed[oldest++]!;
      if (oldest > QUARANTINE) oldest -= freed.splice(0, oldest).length;
      makeRoom(records, records.length + 1);
      return records.length++;
    },
    takeAt(handle) {
      for (; records.length < handle; records.length++) freed.push(records.length);
      makeRoom(records, handle + 1);
      records.length = handle + 1;
    },
    free(handle) {
      records.states[handle] = State.free;
      freed.push(handle);
    },
  };
  return records;
}

function makeRoom(records: Records, length: number): void {
  records.states = enlarge(records.states, length);
  records.refs = enlarge(records.refs, length);
  records.modified = enlarge(records.modified, length);
  records.until = enlarge(records.until, length);
  records.sources = enlarge(records.sources, length);
  records.lines = enlarge(records.lines, length);
}
