import type { Logger } from "@logtape/logtape";
import type { OutletReport } from "../pipeline/outlets.ts";
import { counted } from "./terminal.ts";

/** Tells which sinks failed and what became of their hits; whether any did. */
export function tellFailures(reports: readonly OutletReport[], logger: Logger): boolean {
  const failed = reports.filter(({ lost, failure }) => lost > 0 || failure !== undefined);
  for (const { label, lost, failure } of failed) {
    // A program may take every hit and fail at its end: what it did with them it alone knows.
    const fate = lost > 0
      ? `${counted(lost, "hit")} not delivered`
      : "it had taken all hits by then";
    logger.error("The sink {label} failed: {failure}; {fate}", {
      label,
      failure: failure ?? "no reason given",
      fate,
    });
  }
  return failed.length > 0;
}
