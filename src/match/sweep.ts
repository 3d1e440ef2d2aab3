/** Patterns without values, in a form that any thread can make for itself. */
import { InputError } from "../errors.ts";
import { createPatternGate, type PatternGate } from "./pattern_gate.ts";
import { canonicalAt, parseForEvents } from "./pattern_reading.ts";

/** Whether events may fulfil a part of any of the patterns; those that are none are left out. */
export function createSweep(
  patterns: readonly string[],
): Pick<PatternGate, "admits" | "glance"> {
  const gate = createPatternGate({ canonical: canonicalAt, lenient: true });
  for (const [handle, pattern] of patterns.entries()) {
    try {
      gate.add(handle, parseForEvents(pattern));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }
  return gate;
}
