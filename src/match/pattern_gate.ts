/**
 * Says at little cost that no pattern of a set can matter for an event: of the
 * event only those objects are made that the set's look-ups ask for.
 */
import type { JsonObject } from "../json.ts";
import { createKeyIndex } from "../stix/eval/keys.ts";
import type { TestOptions } from "../stix/eval/test.ts";
import { type Comparison, type ObservationExpression, observations } from "../stix/pattern/mod.ts";
import { observedObjects, type Projection, projectTable } from "./fields/observed_data.ts";
import type { Handle } from "./set.ts";

/** Patterns that may matter for any event. */
export interface PatternGate {
  add(handle: Handle, pattern: ObservationExpression): void;
  remove(handle: Handle): void;
  /** Whether an event may fulfil a `[…]` of any pattern: false only if it fulfils none. */
  admits(event: JsonObject): boolean;
}

export function createPatternGate(options: TestOptions): PatternGate {
  const index = createKeyIndex<Comparison>(options);
  const comparisons = new Map<Handle, readonly Comparison[]>();
  /** Made anew after each change. */
  let projection: Projection | undefined;

  return {
    add(handle, pattern) {
      const parts = observations(pattern);
      comparisons.set(handle, parts);
      for (const part of parts) index.add(part, part);
      projection = undefined;
    },
    remove(handle) {
      for (const part of comparisons.get(handle) ?? []) index.remove(part, part);
      if (comparisons.delete(handle)) projection = undefined;
    },
    admits(event) {
      if (comparisons.size === 0) return false;
      projection ??= projectTable(index.paths());
      return index.candidates(observedObjects(event, projection)).size > 0;
    },
  };
}
