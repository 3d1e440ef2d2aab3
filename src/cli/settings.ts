import type { FilterFlags } from "./filter_flags.ts";
import type { Config } from "../config/config.ts";
import { parseDuration } from "../config/units.ts";
import { parseEndpoint } from "../config/endpoint.ts";
import { CONFIG_KEYS } from "../config/keys.ts";
import type { OptionSpec } from "../config/options.ts";
import { BridgeError, UsageError } from "../errors.ts";
import type { SinkEntryConfig } from "../../sinks/registry.ts";

/** Lays flags over the configuration: what a flag does not say stays as it is. */
export function overlay(config: Config, flags: Partial<Record<keyof Config, unknown>>): Config {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  return { ...config, ...Object.fromEntries(given) } as Config;
}

/** The sinks of the configuration; the ancestor's key `sink` may hold a command. */
export function configuredSinks({ sinks = [], sink }: Config): SinkEntryConfig[] {
  return [...sinks, ...(sink === undefined ? [] : [sink])];
}

/** The sinks that are used: those of flags win over the configuration's. */
export function sinksInUse(flags: readonly string[], config: Config): readonly SinkEntryConfig[] {
  return flags.length > 0 ? flags : configuredSinks(config);
}

/**
 * A whole number from a flag.
 *
 * @throws UsageError naming the flag
 */
export function wholeNumber(flag: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) {
    throw new UsageError(`Not a whole number: ${JSON.stringify(text)}`, { place: { key: flag } });
  }
  return Number(text);
}

/**
 * What flags say of the indicators that are used, as configuration.
 *
 * @throws UsageError naming the flag
 */
export function filterFrom({ minConfidence, tlp }: FilterFlags) {
  const least = minConfidence === undefined
    ? undefined
    : wholeNumber("--min-confidence", minConfidence);
  if (least !== undefined && least > 100) {
    throw new UsageError("A confidence is 0 to 100", { place: { key: "--min-confidence" } });
  }
  return { min_confidence: least, tlp: tlp.length > 0 ? tlp : undefined };
}

/**
 * The length of windows from `--aggregate`, ms.
 *
 * @throws UsageError naming the flag
 */
export function windowFrom(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const window = fromFlag("--aggregate", text, parseDuration);
  if (window > 0) return window;
  throw new UsageError("A window needs a length, such as 1h", { place: { key: "--aggregate" } });
}

/**
 * The same text, if it is an endpoint.
 *
 * @throws UsageError naming the flag
 */
export function endpointFrom(
  flag: string,
  text: string | undefined,
  key: "threatbus" | "vast" | "metrics.listen",
): string | undefined {
  if (text === undefined) return undefined;
  const { form = "host:port" }: OptionSpec = CONFIG_KEYS[key];
  fromFlag(flag, text, (text) => parseEndpoint(text, form));
  return text;
}

/** Reads the value of a flag; errors name the flag. */
export function fromFlag<T>(flag: string, text: string, read: (text: string) => T): T {
  try {
    return read(text);
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error;
    const { message, hint } = error;
    throw new UsageError(message, {
      place: { key: flag },
      ...(hint === undefined ? {} : { hint }),
    });
  }
}
