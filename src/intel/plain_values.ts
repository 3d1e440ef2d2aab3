/** The plain values of an indicator set: without STIX objects, their ids made when asked for. */
import type { OwnIocSet } from "../match/ioc_set.ts";
import { type Observable, OBSERVABLE_KINDS } from "../match/observable.ts";
import type { Handle } from "../match/set.ts";
import type { Guard, GuardSieve } from "./admission.ts";
import { type Records, State } from "./records.ts";
import { plainId } from "./synthesize.ts";

/** What became of a plain value: new, there already, held back by the guard. */
export type PlainResult = "added" | "known" | "held";

/** Where plain values are put in bulk: see `readers/bulk.ts`. */
export interface BulkPlace {
  readonly iocs: Pick<OwnIocSet, "columns" | "adopt">;
  readonly records: Records;
  readonly sieve: GuardSieve | undefined;
  onAdded(count: number): void;
}

/** What an indicator set offers for plain values. */
export interface PlainIntake {
  /** Adds a plain value; `explicit` as in `Guard.reason`. */
  putPlain(
    observable: Observable,
    source: number,
    line: number,
    explicit?: boolean,
  ): PlainResult;
  /** The same from bytes as `OwnIocSet.appendBytes` takes them. */
  putPlainBytes(
    kind: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    skip: number,
    source: number,
    line: number,
  ): PlainResult;
  /** For many plain values at once; undefined while somebody wants to see each. */
  bulk(): BulkPlace | undefined;
}

/** Plain values by id besides. */
export interface PlainValues extends PlainIntake {
  /** The handle of the value with this STIX id, or -1; only one made of a name can be. */
  find(id: string): Handle;
  forget(id: string): void;
}

/** The parts of the set that they stand in. */
export interface PlainParts {
  readonly records: Records;
  readonly iocs: OwnIocSet;
  readonly guard: () => Guard | undefined;
  readonly onHeld: (reason: string) => void;
  /** Some were added: this one, or many that nobody wants to see. */
  readonly onAdded: (count: number, handle?: Handle) => void;
  /** Somebody wants to see each. */
  readonly isWatched: () => boolean;
}

/** Makes the plain values of a set. */
export function createPlainValues(parts: PlainParts): PlainValues {
  const { records, iocs, guard, onHeld, onAdded, isWatched } = parts;
  /** Made when somebody first asks for one. */
  let ids: Map<string, Handle> | undefined;

  function handlesById(): Map<string, Handle> {
    if (ids !== undefined) return ids;
    ids = new Map();
    for (let handle = 0; handle < records.length; handle++) {
      if (records.states[handle] === State.plain) {
        ids.set(plainId(iocs.observable(records.refs[handle]!)), handle);
      }
    }
    return ids;
  }

  function isKnown(first: number, same: (entry: number) => boolean): boolean {
    for (let entry = first; entry >= 0; entry = iocs.next(entry)) {
      if (records.states[iocs.handle(entry)] === State.plain && same(entry)) return true;
    }
    return false;
  }

  /** Gives a value its record, after `append` made its entry. */
  function record(handle: Handle, entry: number, source: number, line: number): PlainResult {
    records.states[handle] = State.plain;
    records.refs[handle] = entry;
    records.sources[handle] = source;
    records.lines[handle] = line;
    ids?.set(plainId(iocs.observable(entry)), handle);
    onAdded(1, handle);
    return "added";
  }

  function putPlain(observable: Observable, source: number, line: number, explicit?: boolean) {
    const reason = guard()?.reason(observable, explicit);
    if (reason !== undefined) return onHeld(reason), "held";
    const same = (entry: number) => iocs.observable(entry).value === observable.value;
    if (isKnown(iocs.find(observable), same)) return "known";
    const handle = records.take();
    return record(handle, iocs.append(observable, handle), source, line);
  }

  return {
    find: (id) => handlesById().get(id.toLowerCase()) ?? -1,
    forget: (id) => void ids?.delete(id.toLowerCase()),
    putPlain,
    putPlainBytes(kind, bytes, start, end, skip, source, line) {
      if (guard()?.concerns(kind, bytes, start, end) === true) {
        return putPlain(observableOf(kind, bytes, start, end), source, line);
      }
      const handle = records.next();
      let entry = iocs.appendBytes(kind, bytes, start, end, skip, handle, false);
      if (entry < 0) {
        const { value } = observableOf(kind, bytes, start, end);
        if (isKnown(-1 - entry, (other) => iocs.observable(other).value === value)) return "known";
        entry = iocs.appendBytes(kind, bytes, start, end, skip, handle, true);
      }
      return record(records.take(), entry, source, line);
    },
    bulk() {
      const sieve = guard()?.sieve;
      const unseen = !isWatched() && ids === undefined &&
        (guard() === undefined || sieve !== undefined) && records.next() === records.length;
      return unseen ? { iocs, records, sieve, onAdded: (count) => onAdded(count) } : undefined;
    },
  };
}

const decoder = new TextDecoder();

function observableOf(kind: number, bytes: Uint8Array, start: number, end: number): Observable {
  return { kind: OBSERVABLE_KINDS[kind]!, value: decoder.decode(bytes.subarray(start, end)) };
}
