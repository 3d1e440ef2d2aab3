/**
 * STIX patterns on the events of logs: each event is seen as cyber observables (by
 * the table of fields) and compared by the rules of equality that plain IoCs have.
 * This finds whatever the specification's own comparison finds, and other
 * spellings of the same value too (docs/patterns.md).
 */
import { InputError } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import {
  createPatternMatcher,
  type PatternMatch,
  type PatternMatcherLosses,
} from "../stix/eval/stream.ts";
import type { ObservationExpression } from "../stix/pattern/mod.ts";
import { observedObjects, observedTime } from "./fields/observed_data.ts";
import { createPatternGate, type PatternGate } from "./pattern_gate.ts";
import { canonicalAt, parseForEvents } from "./pattern_reading.ts";
import type { Handle } from "./set.ts";

/** Many patterns over events, changeable at any time. */
export interface EventPatterns<T> {
  readonly size: number;
  readonly losses: PatternMatcherLosses;
  /**
   * Throws `InputError` if the pattern is none or, unless it is `open`, can't be evaluated.
   * `open` patterns are looked for in every event that is fed, others only in those that
   * are fed as `held`.
   */
  add(handle: Handle, pattern: string, open?: boolean): void;
  remove(handle: Handle): boolean;
  /** What `open` patterns may need. */
  readonly gate: Pick<PatternGate, "admits" | "glance">;
  /**
   * The patterns that an event completes; `item` stands for the event in matches. With
   * `held` false the event holds no value that a pattern which is not open needs.
   */
  feed(event: JsonObject, item: T, held?: boolean): PatternMatch<T>[];
  /** Patterns that had to wait until all events were there; call once, at the end. */
  end(): PatternMatch<T>[];
}

export interface EventPatternsOptions {
  /** `stream` for events as they happen; `any` for file after file, in no order of time. */
  readonly order: "stream" | "any";
  /** Told of an `open` pattern that can't be evaluated, when the first event may fulfil it. */
  readonly refused?: (handle: Handle, error: InputError) => void;
}

export function createEventPatterns<T>({ order, refused }: EventPatternsOptions): EventPatterns<T> {
  const matcher = createPatternMatcher<T>({ order, canonical: canonicalAt, lenient: true });
  const gate = createPatternGate({ canonical: canonicalAt, lenient: true });
  /** Open patterns that no event fulfilled a part of so far: most are never made ready. */
  const dormant = new Map<Handle, ObservationExpression>();
  let lastTime = 0;

  /** An event that tells no time happened when the one before it did. */
  const timeOf = (event: JsonObject) => lastTime = observedTime(event) ?? lastTime;

  function wake(event: JsonObject): void {
    for (const handle of dormant.size === 0 ? [] : gate.handles(event)) {
      const expression = dormant.get(handle);
      if (expression === undefined || !dormant.delete(handle)) continue;
      try {
        matcher.add(handle, expression);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        gate.remove(handle);
        refused?.(handle, error);
      }
    }
  }

  return {
    get size() {
      return matcher.size + dormant.size;
    },
    get losses() {
      return matcher.losses;
    },
    add(handle, pattern, open = true) {
      const expression = parseForEvents(pattern);
      this.remove(handle);
      if (!open) return matcher.add(handle, expression);
      gate.add(handle, expression);
      dormant.set(handle, expression);
    },
    remove(handle) {
      gate.remove(handle);
      return dormant.delete(handle) || matcher.remove(handle);
    },
    gate,
    feed(event, item, held = false) {
      if (!held && !gate.admits(event)) return [];
      wake(event);
      if (matcher.size === 0) return [];
      const time = timeOf(event);
      return matcher.feed({ objects: observedObjects(event), first: time, last: time }, item);
    },
    end: () => matcher.end(),
  };
}
