/** What compound patterns may have missed, in words. */
import type { PatternMatcherLosses } from "../../stix/eval/stream.ts";
import type { Trouble } from "../engine.ts";

const LOSSES = [
  ["let-go", "dropped", "events were let go before a pattern that needs several was complete"],
  ["given-up", "exhausted", "searches were given up, as a pattern has too many ways to match"],
] as const;

/** The troubles that came between two states of a matcher. */
export function lossTroubles(
  now: PatternMatcherLosses,
  before: PatternMatcherLosses = { dropped: 0, exhausted: 0 },
): Trouble[] {
  return LOSSES.flatMap(([loss, member, what]) => {
    const count = now[member] - before[member];
    return count > 0 ? [{ source: "patterns", what, count, unread: true, loss }] : [];
  });
}
