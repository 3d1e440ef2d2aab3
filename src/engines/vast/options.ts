import type { StreamTimes } from "./stream_times.ts";

/** The checked configuration as far as it concerns this engine; the ancestor's keys keep their meaning. */
export interface VastOptions {
  /** `host:port` of the node; `localhost:42000` if unset. */
  readonly vast?: string | undefined;
  readonly vast_binary?: string | undefined;
  /** Name of the matcher for live matching; unset matches the event stream here. */
  readonly matcher_name?: string | undefined;
  /** Longest time for one query, ms; 0 is unlimited. */
  readonly retro_match_timeout?: number | undefined;
  readonly retro_batch_size?: number | undefined;
  readonly max_background_tasks?: number | undefined;
  /**
   * How long a hunt waits for a node that went away midway, ms (15 s if unset).
   * `Infinity` is for `bridge run`: it waits for ever, also at the start.
   */
  readonly patience?: number | undefined;
  /** Where the config file for `vast` is kept; the user's state directory if unset. For tests. */
  readonly folder?: string | undefined;
  /** How the stream of new events is watched over; for tests. */
  readonly times?: StreamTimes | undefined;
}
