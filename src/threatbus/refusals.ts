import type { Logger } from "@logtape/logtape";
import type { Refused } from "./messages.ts";

/** Counts refused messages by reason; the first of a reason is logged, the rest is a number. */
export interface Refusals {
  add(fault: Refused): void;
  counts(): Readonly<Record<string, number>>;
}

/** Makes a counter that logs to this logger. */
export function createRefusals(logger: Logger): Refusals {
  const counts = new Map<string, number>();
  return {
    add: (fault) => {
      const seen = counts.get(fault.reason) ?? 0;
      counts.set(fault.reason, seen + 1);
      const level = seen === 0 ? "warn" : "debug";
      const { reason, detail, id = "no id" } = fault;
      logger[level]("Message refused ({reason}, {id}): {detail}", { reason, id, detail });
    },
    counts: () => Object.fromEntries(counts),
  };
}
