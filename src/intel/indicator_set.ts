import type { JsonObject } from "../json.ts";
import { createIocSet } from "../match/ioc_set.ts";
import type { Observable } from "../match/observable.ts";
import type { Handle } from "../match/set.ts";
import { createAdmission } from "./admission.ts";
import { createListeners } from "./changes.ts";
import { createDocuments } from "./documents.ts";
import { type Validity, validityOf } from "./filter.ts";
import { isNameBased, uuidOf } from "./id_words.ts";
import { createIds } from "./ids.ts";
import type { Indicator, PutResult } from "./indicator.ts";
import { createLifetimes, stateFor } from "./lifetimes.ts";
import type { IndicatorSetOptions, OwnIndicatorSet } from "./own_indicator_set.ts";
import { createPlainValues } from "./plain_values.ts";
import { createRecall } from "./recall.ts";
import { createRecords, State } from "./records.ts";
import { readDocument, stixIndicator } from "./stix_indicator.ts";
import type { PackedVersions } from "./packed_versions.ts";
import { type HeldVersion, textOf } from "./version.ts";

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
  const listeners = createListeners();
  const { tell } = listeners;
  const iocs = createIocSet(options, (handle, to) => {
    if (records.states[handle] === State.plain) records.refs[handle] = to;
  });
  const recall = createRecall({ records, documents, iocs, allowed: admission.allowed, since });
  const lifetimes = createLifetimes({
    ...{ options, records, documents, iocs, admission, recall, tell },
  });
  const { isLive, settle, deactivate } = lifetimes;

  const plain = createPlainValues({
    records,
    iocs,
    guard: () => options.guard,
    onHeld: admission.hold,
    onAdded(count, handle) {
      lifetimes.grow(count);
      if (handle !== undefined) tell("add", handle, () => recall.get(handle));
    },
    isWatched: () => listeners.any,
  });

  /** The handle of an id, or -1. */
  function findId(id: string): Handle {
    const uuid = uuidOf(id);
    if (uuid === undefined) return -1;
    const handle = ids.find(uuid);
    return handle < 0 && isNameBased(uuid) ? plain.find(id) : handle;
  }

  function put(given: Indicator): PutResult {
    const time = now();
    lifetimes.tick(time, A_FEW);
    const { points } = given;
    const uuid = given.uuid ?? uuidOf(given.id);
    if (uuid === undefined) throw new RangeError(`${given.id} is no id of an indicator`);
    const validity = given.validity ?? validityOf(given.stix);
    const known = ids.find(uuid);
    const before = known < 0 && isNameBased(uuid) ? plain.find(given.id) : known;
    if (before >= 0 && records.states[before] !== State.plain) {
      if (validity.modified < records.modified[before]!) return stale("older version");
      if (isHeld(before, given, validity)) return stale("already known");
    }
    const decision = admission.decide(points, validity, () => given.stix, time);
    const handle = before >= 0 ? before : records.take();
    // That of a plain value is not among the ids until a STIX object has it too.
    if (known < 0) ids.add(uuid, handle);
    const old = before >= 0 ? deactivate(handle) : undefined;
    const json = given.bytes ?? given.json ?? JSON.stringify(given.stix);
    const samePattern = old !== undefined && old.pattern === given.pattern;
    const continues = samePattern && stateFor(decision, validity, time) === State.active;
    documents.put(handle, { uuid, points, json, continues, validity, prefilter: given.prefilter });
    recall.note(handle, given.place);
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

  /** It is not looked for. */
  function ignore(reason: string): PutResult {
    admission.hold(reason);
    return { type: "ignored", reason };
  }

  /** It is known, and may well be looked for. */
  function stale(reason: string): PutResult {
    return { type: "ignored", reason, stale: true };
  }

  /** Whether a version is the one that is held, looked for or not, however it is written. */
  function isHeld(handle: Handle, given: Indicator, { modified }: Validity): boolean {
    if (modified !== records.modified[handle]) return false;
    const held = documents.get(handle);
    if (held === undefined || held === given.json) return held !== undefined;
    return JSON.stringify(JSON.parse(held)) === JSON.stringify(given.stix);
  }

  function reserve(count: number, bytes: number): void {
    ids.reserve(count);
    iocs.reserve(count, bytes);
  }

  function restore(held: Iterable<PackedVersions>, most: number, bytes: number): number {
    const time = now();
    reserve(most, bytes);
    for (const versions of held) while (versions.next()) takeBack(versions, time);
    return lifetimes.size;
  }

  function takeBack(version: HeldVersion, time: number): void {
    const { handle, points } = version;
    records.takeAt(handle);
    ids.add(version.uuid, handle);
    recall.note(handle, undefined);
    const stix = () => JSON.parse(documents.get(handle)!) as JsonObject;
    const decision = admission.decide(points, version, stix, time);
    const obstacle = settle(handle, points, version, decision, version, time);
    if (obstacle !== undefined) admission.hold(obstacle);
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
    if (after === State.active) tell(old ? "edit" : "add", handle, () => recall.get(handle));
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
      return lifetimes.size;
    },
    iocs,
    compounds: lifetimes.compounds,
    sweeping: lifetimes.sweeping,
    heldBack: admission.heldBack,
    get nextTick() {
      return lifetimes.next;
    },
    get: recall.get,
    withId(id) {
      const handle = findId(id);
      return handle >= 0 && isLive(handle) ? recall.get(handle) : undefined;
    },
    handles,
    holds(handle, indicator) {
      const uuid = indicator.uuid ?? uuidOf(indicator.id);
      return uuid !== undefined && records.states[handle] === State.active && ids.is(handle, uuid);
    },
    handleOf(id) {
      const handle = findId(id);
      return handle < 0 ? undefined : handle;
    },
    isLive,
    put,
    reserve,
    restore,
    known,
    decideAgain,
    remove,
    tick: lifetimes.tick,
    takeBegun: lifetimes.takeBegun,
    source: recall.source,
    putPlain: plain.putPlain,
    putPlainBytes: plain.putPlainBytes,
    bulk: plain.bulk,
    onChange: listeners.add,
  };
}
