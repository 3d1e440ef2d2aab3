import type { Logger } from "../log.ts";
import { createOnce } from "../once.ts";
import type { Refused } from "./messages.ts";

/** Counts refused messages by reason; each id is logged once, as is the first without one of a reason. */
export interface Refusals {
  add(fault: Refused): void;
  counts(): Readonly<Record<string, number>>;
}

/** Makes a counter that logs to this logger. */
export function createRefusals(logger: Logger): Refusals {
  const counts = new Map<string, number>();
  const isFirst = createOnce();
  return {
    add: (fault) => {
      counts.set(fault.reason, (counts.get(fault.reason) ?? 0) + 1);
      const level = isFirst(`${fault.reason} ${fault.id ?? ""}`) ? "warn" : "debug";
      const { reason, detail, id = "no id" } = fault;
      logger[level]("Message refused ({reason}, {id}): {detail}", { reason, id, detail });
    },
    counts: () => Object.fromEntries(counts),
  };
}
