import type { Config } from "../../config/config.ts";
import { loadConfig } from "../../config/load.ts";
import type { RunSettings } from "../../pipeline/run/run.ts";
import type { RunFlags } from "../commands/run.ts";
import type { CliContext } from "../context.ts";
import { setUpLogging } from "../logging.ts";
import { endpointFrom, filterFrom, overlay, wholeNumber } from "../settings.ts";

/** The configuration of a run, and the file it came from. */
export interface RunConfig {
  readonly config: Config;
  readonly file: string | undefined;
}

/** Reads the configuration and lays the flags over it; at the start, and again at SIGHUP. */
export async function readRunConfig(flags: RunFlags, { env }: CliContext): Promise<RunConfig> {
  const { values, file } = await loadConfig({ file: flags.config, env });
  return { config: withFlags(values, flags), file };
}

function withFlags(config: Config, flags: RunFlags): Config {
  return overlay(config, {
    threatbus: endpointFrom("--threatbus", flags.threatbus, "threatbus"),
    bus: flags.bus,
    snapshot: flags.snapshot && wholeNumber("--snapshot", flags.snapshot),
    live_match: flags.live ?? flags.liveMatch,
    retro_match: flags.retro ?? flags.retroMatch,
    retro_match_max_events: flags.retroMatchMaxEvents &&
      wholeNumber("--retro-match-max-events", flags.retroMatchMaxEvents),
    subdomains: flags.subdomains,
    ...filterFrom(flags),
    transform_context: flags.transformContext,
    format: flags.format,
    report: flags.report,
    state_dir: flags.stateDir,
    "spool.enabled": flags.spool === false ? false : undefined,
    "metrics.listen": endpointFrom("--metrics-listen", flags.metricsListen, "metrics.listen"),
  });
}

/** Sends logs where the configuration says; called again, it opens the log file anew. */
export function logAsConfigured(config: Config, flags: RunFlags): void {
  setUpLogging({
    console: flags.logLevel ?? flags.loglevel ??
      (config["logging.console"] ? config["logging.console_verbosity"] : undefined),
    ...(config["logging.file"]
      ? { file: { path: config["logging.filename"], level: config["logging.file_verbosity"] } }
      : {}),
    timestamps: true,
  });
}

/** What `run` does, in its own words. */
export function settingsOf(config: Config): RunSettings {
  return {
    live: config.live_match,
    retro: config.retro_match,
    maxEvents: config.retro_match_max_events,
    retroTimeout: config.retro_match_timeout,
    batchSize: config.retro_batch_size,
    batchDelay: config.retro_batch_delay,
    maxBackgroundTasks: config.max_background_tasks,
    maxAttempts: config["spool.max_attempts"],
    maxAge: config["spool.max_age"],
    shutdownTimeout: config.shutdown_timeout,
    dropEvents: config["aggregate.events"] === "drop",
  };
}
