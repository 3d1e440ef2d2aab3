import type { Config } from "../config/config.ts";
import { parseDuration } from "../config/units.ts";
import { UsageError } from "../errors.ts";

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
  const window = parseDuration(text);
  if (window > 0) return window;
  throw new UsageError("A window needs a length, such as 1h", { place: { key: "--aggregate" } });
}

/**
 * Splits `host:port` or `[address]:port`; the port may be left out.
 *
 * @throws UsageError naming the key
 */
export function splitEndpoint(
  text: string,
  key: string,
  defaultPort: number,
): { host: string; port: number } {
  const match = /^(?:tcp:\/\/)?(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]/\s]+))(?::(\d{1,5}))?$/.exec(
    text.trim(),
  );
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  if (match === null || port > 65535) {
    throw new UsageError(`Not an endpoint: ${JSON.stringify(text)}`, {
      place: { key },
      hint: `Write host:port, such as localhost:${defaultPort}.`,
    });
  }
  return { host: match[1] ?? match[2]!, port };
}
