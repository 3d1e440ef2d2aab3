import type { Config } from "../config/config.ts";
import { parseDuration } from "../config/units.ts";
import { parseEndpoint } from "../config/endpoint.ts";
import { CONFIG_KEYS } from "../config/keys.ts";
import type { OptionSpec } from "../config/options.ts";
import { BridgeError, UsageError } from "../errors.ts";

/** Lays flags over the configuration: what a flag does not say stays as it is. */
export function overlay(config: Config, flags: Partial<Record<keyof Config, unknown>>): Config {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  return { ...config, ...Object.fromEntries(given) } as Config;
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
