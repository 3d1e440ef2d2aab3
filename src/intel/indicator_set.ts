import type { Place } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import { createIocSet, type OwnIocSet } from "../match/ioc_set.ts";
import { type Observable, OBSERVABLE_KINDS } from "../match/observable.ts";
import type { Handle, IocSetOptions } from "../match/set.ts";
import { createTable } from "../match/table.ts";
import { createDocuments } from "./documents.ts";
import { type IndicatorFilter, rejection, validityOf } from "./filter.ts";
import type { Indicator, IndicatorChange, IndicatorSet, PutResult } from "./indicator.ts";
import { pointsOf, prefilterOf } from "./points.ts";
import { parsePattern } from "../stix/pattern/mod.ts";
import { createRecords, type Records, State } from "./records.ts";
import { plainId, plainIndicator } from "./synthesize.ts";
import { createTimeline } from "./timeline.ts";

/** Decides which values must not be looked for; see `allow/`. */
export interface Guard {
  /** Why a value is held back; undefined lets it pass. `explicit` says that a person named it by itself. */
  reason(observable: Observable, explicit?: boolean): string | undefined;
  /** False only if the value (kind and bytes as in `IocView`) passes for sure: spares making objects. */
  concerns(kind: number, bytes: Uint8Array, start: number, end: number): boolean;
  /** The same as tables, if that can be: other simple values pass for sure. */
  readonly sieve?: GuardSieve | undefined;
}

/** Simple values (see `readers/simple.ts`) that a guard may hold back. */
export interface GuardSieve {
  /** IPv4 addresses by their first octet: not 0. */
  readonly octets: Uint8Array;
  /** Domains by their first byte: a bit for each length below 32. */
  readonly shapes: Uint32Array<ArrayBuffer>;
}

/** Where plain values are put in bulk: see `readers/bulk.ts`. */
export interface BulkPlace {
  readonly iocs: Pick<OwnIocSet, "columns" | "adopt">;
  readonly records: Records;
  readonly sieve: GuardSieve | undefined;
  onAdded(count: number): void;
}

/** Options of an indicator set. */
export interface IndicatorSetOptions extends IocSetOptions {
  readonly filter?: IndicatorFilter | undefined;
  /** Asked for each point value as it comes in. */
  readonly guard?: Guard;
  /** Indicators past their `valid_until` are kept, for hunts in old logs. */
  readonly keepExpired?: boolean;
  /** The clock, ms since the epoch. */
  readonly now?: () => number;
}

/** What the owner of an indicator set may do besides: let time pass, and load plain values fast. */
export interface OwnIndicatorSet extends IndicatorSet {
  readonly iocs: OwnIocSet;
  /** The moment (ms since the epoch) at which `tick` will have something to do; Infinity if never. */
  readonly nextTick: number;
  /**
   * Removes what is past its `valid_until` and adds what reached its `valid_from`; each
   * `put` does so too. Nothing here sets timers.
   */
  tick(now: number): void;
  /** Whether an indicator with this STIX id is looked for now. */
  has(id: string): boolean;
  /** What was held back, by reason in few fixed words ("allow-listed by x", "revoked", …). */
  readonly heldBack: ReadonlyMap<string, number>;
  /** Number of a source of plain values, for `putPlain`; `undefined` where there is none. */
  source(file: string | undefined): number;
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

/** What became of a plain value: new, there already, held back by the guard. */
export type PlainResult = "added" | "known" | "held";

/** Makes an empty indicator set. */
export function createIndicatorSet(options: IndicatorSetOptions = {}): OwnIndicatorSet {
  const now = options.now ?? Date.now;
  const since = now();
  const records = createRecords();
  const documents = createDocuments();
  const ids = createTable();
  const compounds = new Set<Handle>();
  const sweeping = new Set<Handle>();
  const timeline = createTimeline();
  const heldBack = new Map<string, number>();
  const listeners = new Set<(change: IndicatorChange) => void>();
  const sources: (string | undefined)[] = [];
  /** Ids of plain indicators, made when somebody first asks for one. */
  let plainIds: Map<string, Handle> | undefined;
  let size = 0;

  const iocs = createIocSet(options, (moved) => {
    for (let handle = 0; handle < records.length; handle++) {
      if (records.states[handle] === State.plain) {
        records.refs[handle] = moved[records.refs[handle]!]!;
      }
    }
  });

  function findId(id: string): Handle | undefined {
    const entry = ids.find(0, id);
    if (entry >= 0) return ids.handle(entry);
    // Only version 5 UUIDs can be ours.
    return id[25] === "5" ? plainHandles().get(id) : undefined;
  }

  function plainHandles(): Map<string, Handle> {
    if (plainIds !== undefined) return plainIds;
    plainIds = new Map();
    for (let handle = 0; handle < records.length; handle++) {
      if (records.states[handle] === State.plain) {
        plainIds.set(plainId(iocs.observable(records.refs[handle]!)), handle);
      }
    }
    return plainIds;
  }

  function get(handle: Handle): Indicator {
    if (records.states[handle] === State.plain) {
      return plainIndicator(iocs.observable(records.refs[handle]!), since, placeOf(handle));
    }
    const text = documents.get(handle);
    if (text === undefined) throw new RangeError(`No indicator has the handle ${handle}`);
    const stix = JSON.parse(text) as JsonObject;
    const place = placeOf(handle);
    return stixIndicator(stix, allowed(pointsOf(stix["pattern"] as string).points), place);
  }

  function placeOf(handle: Handle): Place | undefined {
    const file = sources[records.sources[handle]!];
    const line = records.lines[handle]!;
    return file === undefined ? undefined : line > 0 ? { file, line } : { file };
  }

  function source(file: string | undefined): number {
    const known = sources.indexOf(file);
    return known >= 0 ? known : sources.push(file) - 1;
  }

  function allowed(points: readonly Observable[]): readonly Observable[] {
    const { guard } = options;
    return guard === undefined
      ? points
      : points.filter((point) => guard.reason(point) === undefined);
  }

  function hold(reason: string): PutResult & { type: "ignored" } {
    heldBack.set(reason, (heldBack.get(reason) ?? 0) + 1);
    return { type: "ignored", reason };
  }

  function holdStale(reason: string): PutResult {
    return { ...hold(reason), stale: true };
  }

  function tell(type: IndicatorChange["type"], handle: Handle, indicator: () => Indicator): void {
    if (listeners.size === 0) return;
    const change = { type, handle, indicator: indicator() };
    for (const listener of listeners) listener(change);
  }

  /** Takes what is active out of the IoC set, the compounds and the count; the record stays. */
  function deactivate(handle: Handle): void {
    if (records.states[handle] === State.plain) {
      iocs.removeEntry(records.refs[handle]!);
    } else if (records.states[handle] === State.active) {
      compounds.delete(handle);
      sweeping.delete(handle);
      // All points, as the guard may have let more of them pass when they came.
      for (const value of valuesOf(get(handle).pattern) ?? []) iocs.remove(value, handle);
    } else {
      return;
    }
    size--;
  }

  function activate(handle: Handle, indicator: Indicator): void {
    records.states[handle] = State.active;
    size++;
    for (const point of indicator.points) iocs.append(point, handle);
    if (indicator.points.length > 0) return;
    compounds.add(handle);
    const values = valuesOf(indicator.pattern);
    if (values === undefined) sweeping.add(handle);
    for (const value of values ?? []) iocs.add(value, handle);
  }

  /** An indicator stops to count; its version is remembered. */
  function retire(handle: Handle, modified: number): void {
    const counted = isLive(handle);
    const indicator = counted && listeners.size > 0 ? get(handle) : undefined;
    deactivate(handle);
    documents.delete(handle);
    records.states[handle] = State.gone;
    records.modified[handle] = modified;
    if (counted) tell("remove", handle, () => indicator!);
  }

  function isLive(handle: Handle): boolean {
    return records.states[handle] === State.plain || records.states[handle] === State.active;
  }

  function put(given: Indicator): PutResult {
    tick(now());
    const id = given.id.toLowerCase();
    const { stix } = given;
    const validity = validityOf(stix);
    const known = findId(id);
    if (known !== undefined && records.states[known] !== State.plain) {
      if (validity.modified < records.modified[known]!) return holdStale("older version");
      if (documents.get(known) === JSON.stringify(stix)) return holdStale("already known");
    }
    const obstacle = obstacleOf(given, validity);
    if (typeof obstacle === "string") {
      if (known !== undefined) retire(nameById(known, id), validity.modified);
      else if (isFinite(validity.modified)) retire(newHandle(id), validity.modified);
      return hold(obstacle);
    }
    const points = obstacle;
    const wasLive = known !== undefined && isLive(known);
    const samePattern = wasLive && get(known).pattern === given.pattern;
    const handle = known === undefined ? newHandle(id) : nameById(known, id);
    deactivate(handle);
    records.modified[handle] = validity.modified;
    records.until[handle] = options.keepExpired === true ? Infinity : validity.until;
    records.sources[handle] = source(given.place?.file);
    records.lines[handle] = given.place?.line ?? 0;
    documents.set(handle, JSON.stringify(stix));
    if (isFinite(records.until[handle]!)) timeline.add(records.until[handle]!, handle);
    const indicator = stixIndicator(stix, points, given.place);
    if (validity.from > now()) {
      records.states[handle] = State.pending;
      timeline.add(validity.from, handle);
      if (wasLive) tell("remove", handle, () => indicator);
      return hold("valid_from is to come");
    }
    activate(handle, indicator);
    tell(wasLive ? "edit" : "add", handle, () => indicator);
    return {
      type: wasLive ? "edited" : "added",
      handle,
      ...(samePattern ? { samePattern } : {}),
    };
  }

  /** Why an indicator must not be looked for, or else its points. */
  function obstacleOf(
    { stix, points }: Indicator,
    { revoked, until }: ReturnType<typeof validityOf>,
  ): string | readonly Observable[] {
    if (revoked) return "revoked";
    if (until <= now() && options.keepExpired !== true) return "expired";
    const rejected = options.filter && rejection(stix, options.filter);
    if (rejected !== undefined) return rejected;
    const left = allowed(points);
    if (left.length === 0 && points.length > 0) return options.guard!.reason(points[0]!)!;
    for (const point of points) if (!left.includes(point)) hold(options.guard!.reason(point)!);
    return left;
  }

  /** Puts a handle under its id: that of a plain value is not there until a STIX object has it too. */
  function nameById(handle: Handle, id: string): Handle {
    if (ids.find(0, id) < 0) ids.addText(0, id, 0, handle);
    return handle;
  }

  function newHandle(id: string): Handle {
    const handle = records.take();
    records.until[handle] = Infinity;
    records.sources[handle] = source(undefined);
    records.lines[handle] = 0;
    ids.addText(0, id, 0, handle);
    return handle;
  }

  function remove(id: string): boolean {
    const key = id.toLowerCase();
    const handle = findId(key);
    if (handle === undefined) return false;
    const live = isLive(handle);
    const indicator = live && listeners.size > 0 ? get(handle) : undefined;
    deactivate(handle);
    documents.delete(handle);
    plainIds?.delete(key);
    const entry = ids.find(0, key);
    if (entry >= 0) ids.remove(entry);
    records.free(handle);
    if (live) tell("remove", handle, () => indicator!);
    return live;
  }

  function tick(time: number): void {
    while (timeline.next <= time) {
      const handle = timeline.take();
      const state = records.states[handle];
      // The record may have been replaced since: what it says now counts.
      if ((state === State.active || state === State.pending) && records.until[handle]! <= time) {
        retire(handle, records.modified[handle]!);
        hold("expired");
      } else if (state === State.pending) {
        const indicator = get(handle);
        if (validityOf(indicator.stix).from > time) continue;
        activate(handle, indicator);
        tell("add", handle, () => indicator);
      }
    }
  }

  function isKnownPlain(first: number, same: (entry: number) => boolean): boolean {
    for (let entry = first; entry >= 0; entry = iocs.next(entry)) {
      if (records.states[iocs.handle(entry)] === State.plain && same(entry)) return true;
    }
    return false;
  }

  /** Gives a plain value its record, after `append` made its entry. */
  function recordPlain(handle: Handle, entry: number, from: number, line: number): void {
    records.states[handle] = State.plain;
    records.refs[handle] = entry;
    records.sources[handle] = from;
    records.lines[handle] = line;
    size++;
    plainIds?.set(plainId(iocs.observable(entry)), handle);
    if (listeners.size > 0) tell("add", handle, () => get(handle));
  }

  function* handles(): Iterable<Handle> {
    for (let handle = 0; handle < records.length; handle++) if (isLive(handle)) yield handle;
  }

  return {
    get size() {
      return size;
    },
    iocs,
    compounds,
    sweeping,
    heldBack,
    get nextTick() {
      return timeline.next;
    },
    get,
    handles,
    has(id) {
      const handle = findId(id.toLowerCase());
      return handle !== undefined && isLive(handle);
    },
    put,
    remove,
    tick,
    source,
    putPlain(observable, from, line, explicit) {
      const reason = options.guard?.reason(observable, explicit);
      if (reason !== undefined) return hold(reason), "held";
      const same = (entry: number) => iocs.observable(entry).value === observable.value;
      if (isKnownPlain(iocs.find(observable), same)) return "known";
      const handle = records.take();
      recordPlain(handle, iocs.append(observable, handle), from, line);
      return "added";
    },
    putPlainBytes(kind, bytes, start, end, skip, from, line) {
      if (options.guard?.concerns(kind, bytes, start, end) === true) {
        return this.putPlain(observableOf(kind, bytes, start, end), from, line);
      }
      const handle = records.next();
      let entry = iocs.appendBytes(kind, bytes, start, end, skip, handle, false);
      if (entry < 0) {
        const { value } = observableOf(kind, bytes, start, end);
        if (isKnownPlain(-1 - entry, (other) => iocs.observable(other).value === value)) {
          return "known";
        }
        entry = iocs.appendBytes(kind, bytes, start, end, skip, handle, true);
      }
      recordPlain(records.take(), entry, from, line);
      return "added";
    },
    bulk() {
      const { guard } = options;
      const unseen = listeners.size === 0 && plainIds === undefined &&
        (guard === undefined || guard.sieve !== undefined) && records.next() === records.length;
      if (!unseen) return undefined;
      return { iocs, records, sieve: guard?.sieve, onAdded: (count) => size += count };
    },
    onChange(listener, signal) {
      if (signal.aborted) return;
      const own = (change: IndicatorChange) => listener(change);
      listeners.add(own);
      signal.addEventListener("abort", () => listeners.delete(own), { once: true });
    },
  };
}

const decoder = new TextDecoder();

function observableOf(kind: number, bytes: Uint8Array, start: number, end: number): Observable {
  return { kind: OBSERVABLE_KINDS[kind]!, value: decoder.decode(bytes.subarray(start, end)) };
}

/** The values by which an indicator is found: its points, or those that a compound pattern needs. */
function valuesOf(pattern: string): readonly Observable[] | undefined {
  const { points } = pointsOf(pattern);
  return points.length > 0 ? points : prefilterOf(parsePattern(pattern));
}

function stixIndicator(
  stix: JsonObject,
  points: readonly Observable[],
  place: Place | undefined,
): Indicator {
  const id = (stix["id"] as string).toLowerCase();
  return { id, pattern: stix["pattern"] as string, stix, points, ...(place && { place }) };
}
