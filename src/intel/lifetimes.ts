/** When indicators are looked for: they come, wait for their `valid_from`, expire, are taken out. */
import type { OwnIocSet } from "../match/ioc_set.ts";
import type { Observable } from "../match/observable.ts";
import type { Handle } from "../match/set.ts";
import type { Admission, AdmissionOptions } from "./admission.ts";
import type { Listeners } from "./changes.ts";
import type { Documents } from "./documents.ts";
import type { Validity } from "./filter.ts";
import type { Indicator } from "./indicator.ts";
import { type Former, isDocumented, type Recall } from "./recall.ts";
import { type Records, State } from "./records.ts";
import { readDocument, valuesOf } from "./stix_indicator.ts";
import { createTimeline } from "./timeline.ts";
import type { HeldVersion } from "./version.ts";

/** What an admission decided: the points that are looked for, or why none are. */
export type Decision = ReturnType<Admission["decide"]>;

/** What says by which values an indicator is found. */
export type Patterned = Partial<Pick<Indicator, "pattern">> & Pick<HeldVersion, "prefilter">;

/** See the top of the file. */
export interface Lifetimes {
  /** Number of those that are looked for. */
  readonly size: number;
  /** As in `IndicatorSet`. */
  readonly compounds: ReadonlySet<Handle>;
  readonly sweeping: ReadonlySet<Handle>;
  /** When something is due, ms since the epoch; Infinity if never. */
  readonly next: number;
  isLive(handle: Handle): boolean;
  /** So many plain values came, which have no end. */
  grow(count: number): void;
  /**
   * Gives a version that took its handle's place its state; returns why it is not looked for.
   * If `document` does not tell the pattern of a compound one it is read.
   */
  settle(
    handle: Handle,
    points: readonly Observable[],
    validity: Validity,
    decision: Decision,
    document: Patterned | undefined,
    time: number,
  ): string | undefined;
  /**
   * Takes what is active out of the IoC set, the compounds and the count; the record stays.
   * Returns what it was, if it was looked for.
   */
  deactivate(handle: Handle): Former | undefined;
  /** Sees to what is due, so many at most. */
  tick(time: number, most?: number): void;
  /** As in `OwnIndicatorSet`. */
  takeBegun(): Handle[];
}

/** The parts of the set that change. */
export interface LifetimeParts {
  readonly options: Pick<AdmissionOptions, "keepExpired">;
  readonly records: Records;
  readonly documents: Pick<Documents, "release">;
  readonly iocs: OwnIocSet;
  readonly admission: Admission;
  readonly recall: Recall;
  readonly tell: Listeners["tell"];
}

/** Why a version waits. */
const TO_COME = "valid_from is to come";

/** Makes the lifetimes of a set. */
export function createLifetimes(parts: LifetimeParts): Lifetimes {
  const { options, records, documents, iocs, admission, recall, tell } = parts;
  const compounds = new Set<Handle>();
  const sweeping = new Set<Handle>();
  const timeline = createTimeline();
  let begun: Handle[] = [];
  let size = 0;

  function isLive(handle: Handle): boolean {
    const state = records.states[handle];
    return state === State.active || state === State.plain;
  }

  function activate(handle: Handle, points: readonly Observable[], document?: Patterned): void {
    records.states[handle] = State.active;
    size++;
    for (let at = 0; at < points.length; at++) iocs.append(points[at]!, handle);
    if (points.length > 0) return;
    compounds.add(handle);
    const { values } = document?.prefilter ??
      { values: valuesOf(document?.pattern ?? readDocument(recall.documentOf(handle)).pattern) };
    if (values === undefined) sweeping.add(handle);
    for (const value of values ?? []) iocs.add(value, handle);
  }

  function deactivate(handle: Handle): Former | undefined {
    if (!isLive(handle)) return void recall.forget(handle);
    size--;
    const old = recall.leave(handle);
    if (records.states[handle] === State.plain) {
      iocs.removeEntry(records.refs[handle]!);
      return old;
    }
    compounds.delete(handle);
    sweeping.delete(handle);
    // All points, as the guard may have let more of them pass when they came.
    for (const value of valuesOf(old.pattern) ?? []) iocs.remove(value, handle);
    return old;
  }

  /** Only the version is still known, so that older ones stay out. */
  function retire(handle: Handle): void {
    records.states[handle] = State.gone;
    documents.release(handle);
  }

  function settle(
    handle: Handle,
    points: readonly Observable[],
    { modified, from, until }: Validity,
    decision: Decision,
    document: Patterned | undefined,
    time: number,
  ): string | undefined {
    records.modified[handle] = modified;
    if (typeof decision === "string") {
      retire(handle);
      return decision;
    }
    const end = options.keepExpired === true ? Infinity : until;
    records.until[handle] = end;
    if (end < Infinity) timeline.add(end, handle);
    if (from > time) {
      records.states[handle] = State.pending;
      timeline.add(from, handle);
      return TO_COME;
    }
    if (decision.length < points.length) admission.holdOthers(points, decision);
    activate(handle, decision, document);
    return undefined;
  }

  function tick(time: number, most = Infinity): void {
    for (let left = most; left > 0 && timeline.next <= time; left--) {
      const handle = timeline.take();
      // The record may have been replaced since: what it says now counts.
      if (!isDocumented(records, handle)) continue;
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
    const document = readDocument(recall.documentOf(handle));
    const { stix, points, validity } = document;
    if (validity.from > time) return;
    // Filters may have changed while it waited.
    const decision = admission.decide(points, validity, () => stix, time);
    const obstacle = settle(handle, points, validity, decision, document, time);
    if (obstacle !== undefined) return admission.hold(obstacle);
    begun.push(handle);
    tell("add", handle, () => recall.get(handle));
  }

  return {
    get size() {
      return size;
    },
    compounds,
    sweeping,
    get next() {
      return timeline.next;
    },
    isLive,
    grow(count) {
      size += count;
    },
    settle,
    deactivate,
    tick,
    takeBegun() {
      const taken = begun;
      begun = [];
      return taken;
    },
  };
}

/** The state that a decision gives a version. */
export function stateFor(decision: Decision, { from }: Validity, time: number): number {
  if (typeof decision === "string") return State.gone;
  return from > time ? State.pending : State.active;
}
