import type { VastClient } from "./client.ts";
import type { Health } from "./health.ts";
import type { Lanes } from "./lanes.ts";
import type { StreamTimes } from "./stream_times.ts";
import type { Pace } from "./pace.ts";
import type { Trust } from "./trust.ts";

/** What all that asks one node shares. */
export interface VastContext {
  readonly client: VastClient;
  readonly health: Health;
  readonly lanes: Lanes;
  readonly pace: Pace;
  readonly trust: Trust;
  /** Longest time for one query, ms; 0 is unlimited. */
  readonly timeout: number;
  /** How long to wait for a node that went away, ms; Infinity waits for ever. */
  readonly patience: number;
  readonly times: StreamTimes;
}

/** One-shot commands fail at once when nothing is there to begin with. */
export function isFirst({ health, patience }: VastContext): boolean {
  return health.state.type === "unknown" && patience !== Infinity;
}
