/** The ways out of a single hunt: which sinks it has, and what became of them. */
import { getLogger, type Logger } from "../log.ts";
import type { LoadedConfig } from "../config/load.ts";
import { BridgeError, ConfigError } from "../errors.ts";
import {
  openOutlets,
  type OutletReport,
  type Outlets,
  type OutletsOptions,
} from "../pipeline/outlets.ts";
import { configuredSinks } from "./settings.ts";
import { counted } from "./terminal.ts";

/**
 * Opens the sinks that flags name, else those of the configuration, about which the
 * person is told, else standard output.
 *
 * @throws UsageError, ConfigError or SinkError
 */
export async function openHuntOutlets(
  flags: readonly string[],
  loaded: Pick<LoadedConfig, "values" | "origins" | "locate">,
  given: Omit<OutletsOptions, "sinks" | "commands" | "grace">,
  signal: AbortSignal,
): Promise<Outlets> {
  const { values, locate } = loaded;
  const options = { ...given, grace: values.shutdown_timeout };
  const configured = values.report === "threatbus" ? [] : configuredSinks(values);
  if (flags.length > 0 || configured.length === 0) {
    return await openOutlets({ ...options, sinks: flags.length > 0 ? flags : ["stdout"] }, signal);
  }
  const key = values.sinks === undefined ? "sink" : "sinks";
  try {
    const outlets = await openOutlets({ ...options, sinks: configured, commands: true }, signal);
    tellPlaces(outlets.labels, loaded.origins[key]);
    return outlets;
  } catch (error) {
    if (!(error instanceof BridgeError) || error.place?.line !== undefined) throw error;
    const { message, hint, cause } = error;
    const place = { ...locate([key]), key };
    throw new ConfigError(message, { place, ...(hint === undefined ? {} : { hint }), cause });
  }
}

/** Who sees nothing on standard output wants to know where the hits are. */
function tellPlaces(labels: readonly string[], origin: string): void {
  const places = labels.filter((label) => !/^(stdout|-)$/i.test(label));
  if (places.length === 0) return;
  getLogger(["bridge", "sinks"]).warn("Hits go to {places} ({origin})", {
    places: places.join(", "),
    origin,
  });
}

/** Tells which sinks failed and what became of their hits; whether any did. */
export function tellFailures(reports: readonly OutletReport[], logger: Logger): boolean {
  const failed = reports.filter(({ lost, failure }) => lost > 0 || failure !== undefined);
  for (const { label, lost, failure } of failed) {
    // A program may take every hit and fail at its end: what it did with them it alone knows.
    const fate = lost > 0
      ? `${counted(lost, "hit")} not delivered`
      : "it had taken all hits by then";
    logger.error("The sink {label} failed: {failure}; {fate}{hint}", {
      label,
      failure: failure ?? "no reason given",
      fate,
      hint: failure instanceof BridgeError && failure.hint ? `. ${failure.hint}` : "",
    });
  }
  return failed.length > 0;
}
