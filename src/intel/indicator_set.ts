import type { Place } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import { createIocSet } from "../match/ioc_set.ts";
import type { Observable } from "../match/observable.ts";
import type { Handle } from "../match/set.ts";
import { createAdmission } from "./admission.ts";
import { createListeners } from "./changes.ts";
import { createDocuments } from "./documents.ts";
import { type Validity, validityOf } from "./filter.ts";
import { createIds } from "./ids.ts";
import type { Indicator, PutResult } from "./indicator.ts";
import type { IndicatorSetOptions, OwnIndicatorSet } from "./own_indicator_set.ts";
import { createPlainValues } from "./plain_values.ts";
import { createRecords, State } from "./records.ts";
import { readDocument, stixIndicator, valuesOf } from "./stix_indicator.ts";
import { plainIndicator } from "./synthesize.ts";
import { createTimeline } from "./timeline.ts";
import { type HeldVersion, textOf } from "./version.ts";

/** An indicator that was looked for. */
interface Former {
  readonly pattern: string;
  readonly indicator: () => Indicator;
}

/** What says by which values an indicator is found. */
type Patterned = Pick<Indicator, "pattern" | "prefilter">;

/** Why a version waits. */
const TO_COME = "valid_from is to come";
/** So many indicators are kept in their long form. */
const MOST_RECENT = 1024;
/** So many that are due are seen to with each `put`. */
const A_FEW = 4;

/** Makes an empty indicator set. */
export function createIndicatorSet(options: IndicatorSetOptions = {}): OwnIndicatorSet {
  const now = options.now ?? Date.now;
  const since = now();
  const records = createRecords();
  const documents = options.documents ?? createDocuments();
  const admission = createAdmission(options);
  const ids = createIds();
  const compounds = new Set<Handle>();
  const sweeping = new Set<Handle>();
  const timeline = createTimeline();
  const listeners = createListeners();
  const { tell } = listeners;
  const sources: (string | undefined)[] = [];
  /** Indicators that were asked for lately: who is found is often found again. */
  const recent = new Map<Handle, Indicator>();
  let size = 0;

  const iocs = createIocSet(options, (handle, to) => {
    if (records.states[handle] === State.plain) records.refs[handle] = to;
  });

  const plain = createPlainValues({
    records,
    iocs,
    guard: () => options.guard,
    onHeld: admission.hold,
    onAdded(count, handle) {
      size += count;
      if (handle !== undefined) tell("add", handle, () => get(handle));
    },
    isWatched: () => listeners.any,
  });

  /** The handle of an id, or -1. */
  function findId(id: string): Handle {
    const handle = ids.find(id);
    return handle < 0 ? plain.find(id) : handle;
  }

  function isPlain(handle: Handle): boolean {
    return records.states[handle] === State.plain;
  }

  function isLive(handle: Handle): boolean {
    return isPlain(handle) || records.states[handle] === State.active;
  }

  /** Whether a STIX indicator stands here whose object may be asked for. */
  function isDocumented(handle: Handle): boolean {
    return records.states[handle] === State.active || records.states[handle] === State.pending;
  }

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

  function readPlain(handle: Handle): Indicator {
    return plainIndicator(iocs.observable(records.refs[handle]!), since, placeOf(handle));
  }

  function documentOf(handle: Handle): string {
    const json = isDocumented(handle) ? documents.get(handle) : undefined;
    if (json === undefined) throw new RangeError(`No indicator has the handle ${handle}`);
    return json;
  }

  function readIndicator(json: string, place: Place | undefined): Indicator {
    const { stix, points } = readDocument(json);
    return stixIndicator(stix, json, admission.allowed(points), place);
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

  /**
   * Takes what is active out of the IoC set, the compounds and the count; the record stays.
   * Returns what it was, if it was looked for.
   */
  function deactivate(handle: Handle): Former | undefined {
    const known = recent.get(handle);
    recent.delete(handle);
    if (!isLive(handle)) return undefined;
    size--;
    const place = placeOf(handle);
    if (isPlain(handle)) {
      const indicator = known ?? readPlain(handle);
      iocs.removeEntry(records.refs[handle]!);
      return { pattern: indicator.pattern, indicator: () => indicator };
    }
    const json = known?.json ?? documentOf(handle);
    const pattern = known?.pattern ?? (JSON.parse(json) as JsonObject)["pattern"] as string;
    compounds.delete(handle);
    sweeping.delete(handle);
    // All points, as the guard may have let more of them pass when they came.
    for (const value of valuesOf(pattern) ?? []) iocs.remove(value, handle);
    return { pattern, indicator: () => known ?? readIndicator(json, place) };
  }

  /** Without its document that of a compound one is read. */
  function activate(handle: Handle, points: readonly Observable[], document?: Patterned): void {
    records.states[handle] = State.active;
    size++;
    for (let at = 0; at < points.length; at++) iocs.append(points[at]!, handle);
    if (points.length > 0) return;
    compounds.add(handle);
    const { pattern, prefilter } = document ?? readDocument(documentOf(handle));
    const values = prefilter === undefined ? valuesOf(pattern) : prefilter.values;
    if (values === undefined) sweeping.add(handle);
    for (const value of values ?? []) iocs.add(value, handle);
  }

  function put(given: Indicator): PutResult {
    const time = now();
    tick(time, A_FEW);
    const { id, points } = given;
    const validity = given.validity ?? validityOf(given.stix);
    let handle = findId(id);
    if (handle >= 0 && !isPlain(handle)) {
      if (validity.modified < records.modified[handle]!) return ignore("older version", true);
      if (isHeld(handle, given, validity)) return ignore("already known", true);
    }
    const decision = admission.decide(points, validity, () => given.stix, time);
    if (handle < 0) claim(handle = records.take(), id);
    // That of a plain value is not among the ids until a STIX object has it too.
    else if (ids.find(id) < 0) ids.add(id, handle);
    const old = deactivate(handle);
    const json = given.bytes ?? given.json ?? JSON.stringify(given.stix);
    const samePattern = old !== undefined && old.pattern === given.pattern;
    const continues = samePattern && stateFor(decision, validity, time) === State.active;
    documents.put(handle, { id, points, json, continues, validity });
    records.sources[handle] = source(given.place?.file);
    records.lines[handle] = given.place?.line ?? 0;
    const obstacle = settle(handle, points, validity, decision, given, time);
    if (obstacle !== undefined) {
      if (old !== undefined) tell("remove", handle, old.indicator);
      return ignore(obstacle);
    }
    if (listeners.any) {
      const left = decision as readonly Observable[];
      tell(
        old ? "edit" : "add",
        handle,
        () => stixIndicator(given.stix, textOf(json), left, given.place),
      );
    }
    if (old === undefined) return { type: "added", handle };
    return { type: "edited", handle, ...(samePattern && { samePattern }) };
  }

  function ignore(reason: string, stale = false): PutResult {
    admission.hold(reason);
    return { type: "ignored", reason, ...(stale && { stale }) };
  }

  /** Whether a version is the one that is held, looked for or not, however it is written. */
  function isHeld(handle: Handle, given: Indicator, { modified }: Validity): boolean {
    if (modified !== records.modified[handle]) return false;
    const held = documents.get(handle);
    if (held === undefined || held === given.json) return held !== undefined;
    return JSON.stringify(JSON.parse(held)) === JSON.stringify(given.stix);
  }

  /**
   * Gives a version that took its handle's place its state. `decision` is that of the admission;
   * returns why it is not looked for.
   */
  function settle(
    handle: Handle,
    points: readonly Observable[],
    { modified, from, until }: Validity,
    decision: readonly Observable[] | string,
    document: Patterned | undefined,
    time: number,
  ): string | undefined {
    records.modified[handle] = modified;
    if (typeof decision === "string") {
      retire(handle);
      return decision;
    }
    records.until[handle] = options.keepExpired === true ? Infinity : until;
    if (isFinite(records.until[handle]!)) timeline.add(records.until[handle]!, handle);
    if (from > time) {
      records.states[handle] = State.pending;
      timeline.add(from, handle);
      return TO_COME;
    }
    for (const point of decision.length < points.length ? points : []) {
      if (!decision.includes(point)) admission.hold(options.guard!.reason(point)!);
    }
    activate(handle, decision, document);
    return undefined;
  }

  /** Only the version is still known, so that older ones stay out. */
  function retire(handle: Handle): void {
    records.states[handle] = State.gone;
    documents.release(handle);
  }

  /** Gives a new handle its id and its record. */
  function claim(handle: Handle, id: string): void {
    records.until[handle] = Infinity;
    records.sources[handle] = source(undefined);
    records.lines[handle] = 0;
    ids.add(id, handle);
  }

  function restore(held: Iterable<HeldVersion>): number {
    const time = now();
    let count = 0;
    for (const version of held) {
      const { handle, points } = version;
      records.takeAt(handle);
      claim(handle, version.id);
      const stix = () => JSON.parse(documents.get(handle)!) as JsonObject;
      const decision = admission.decide(points, version, stix, time);
      const obstacle = settle(handle, points, version, decision, undefined, time);
      if (obstacle === undefined) count++;
      else admission.hold(obstacle);
    }
    return count;
  }

  function decideAgain(handle: Handle): "taken in" | "taken out" | undefined {
    const json = documents.get(handle);
    if (json === undefined) return undefined;
    const document = readDocument(json);
    const { stix, points, validity } = document;
    const time = now();
    const decision = admission.decide(points, validity, () => stix, time);
    const before = records.states[handle];
    const after = stateFor(decision, validity, time);
    // Of several values another one may be allow-listed now.
    if (before === after && (after !== State.active || points.length <= 1)) return undefined;
    const old = deactivate(handle);
    const obstacle = settle(handle, points, validity, decision, document, time);
    if (obstacle !== undefined) admission.hold(obstacle);
    if (after === State.active) tell(old ? "edit" : "add", handle, () => get(handle));
    else if (old !== undefined) tell("remove", handle, old.indicator);
    if ((old !== undefined) === (after === State.active)) return undefined;
    return after === State.active ? "taken in" : "taken out";
  }

  function remove(id: string): boolean {
    const handle = findId(id);
    if (handle < 0) return false;
    const live = isLive(handle);
    const old = deactivate(handle);
    documents.delete(handle);
    plain.forget(id);
    ids.remove(handle);
    records.free(handle);
    if (old !== undefined) tell("remove", handle, old.indicator);
    return live;
  }

  function tick(time: number, most = Infinity): void {
    for (let left = most; left > 0 && timeline.next <= time; left--) {
      const handle = timeline.take();
      // The record may have been replaced since: what it says now counts.
      if (!isDocumented(handle)) continue;
      if (records.until[handle]! <= time) {
        const old = deactivate(handle);
        retire(handle);
        admission.hold("expired");
        if (old !== undefined) tell("remove", handle, old.indicator);
      } else if (records.states[handle] === State.pending) begin(handle, time);
    }
  }

  /** The `valid_from` of an indicator may have come. */
  function begin(handle: Handle, time: number): void {
    const document = readDocument(documentOf(handle));
    const { stix, points, validity } = document;
    if (validity.from > time) return;
    // Filters may have changed while it waited.
    const decision = admission.decide(points, validity, () => stix, time);
    const obstacle = settle(handle, points, validity, decision, document, time);
    if (obstacle !== undefined) admission.hold(obstacle);
    else tell("add", handle, () => get(handle));
  }

  function* handles(): Iterable<Handle> {
    for (let handle = 0; handle < records.length; handle++) if (isLive(handle)) yield handle;
  }

  function* known(): Iterable<Handle> {
    for (let handle = 0; handle < records.length; handle++) {
      const state = records.states[handle];
      if (state !== State.free && state !== State.plain) yield handle;
    }
  }

  return {
    get size() {
      return size;
    },
    iocs,
    compounds,
    sweeping,
    heldBack: admission.heldBack,
    get nextTick() {
      return timeline.next;
    },
    get,
    withId(id) {
      const handle = findId(id);
      return handle >= 0 && isLive(handle) ? get(handle) : undefined;
    },
    handles,
    has(id) {
      const handle = findId(id);
      return handle >= 0 && isLive(handle);
    },
    handleOf(id) {
      const handle = findId(id);
      return handle < 0 ? undefined : handle;
    },
    isLive,
    put,
    restore,
    known,
    decideAgain,
    remove,
    tick,
    source,
    putPlain: plain.putPlain,
    putPlainBytes: plain.putPlainBytes,
    bulk: plain.bulk,
    onChange: listeners.add,
  };
}

/** The state that a decision gives a version. */
function stateFor(decision: readonly Observable[] | string, { from }: Validity, time: number) {
  if (typeof decision === "string") return State.gone;
  return from > time ? State.pending : State.active;
}
