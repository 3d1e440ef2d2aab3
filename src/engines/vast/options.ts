import { CONFIG_KEYS } from "../../config/keys.ts";
import type { OptionTable } from "../../config/options.ts";

/** The settings that concern this engine; the ancestor's keep their names and meaning. */
export const VAST_OPTIONS = {
  vast: CONFIG_KEYS.vast,
  vast_binary: CONFIG_KEYS.vast_binary,
  matcher_name: CONFIG_KEYS.matcher_name,
  retro_match_timeout: CONFIG_KEYS.retro_match_timeout,
  retro_batch_size: CONFIG_KEYS.retro_batch_size,
  max_background_tasks: CONFIG_KEYS.max_background_tasks,
} satisfies OptionTable;

/** Checked values by the names of `VAST_OPTIONS`; the defaults are those of the table. */
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
}
