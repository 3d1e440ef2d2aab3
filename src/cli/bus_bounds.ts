/** What bounds a bus of our own: options of `bridge bus`, keys of `bridge run --bus embedded`. */
import { InvalidArgumentError, Option } from "commander";
import { defaultOf } from "../config/config.ts";
import { CONFIG_KEYS } from "../config/keys.ts";
import type { OptionSpec } from "../config/options.ts";
import { parseBytes } from "../config/units.ts";
import type { BusOptions } from "../threatbus/bus/bus.ts";

/** The keys with the options of the same meaning. */
const FLAGS = {
  "embedded.retention": "--retention <days>",
  "embedded.max_store": "--max-store <size>",
  "embedded.max_subscribers": "--max-subscribers <n>",
  "embedded.max_queued": "--max-queued <size>",
  "embedded.max_queued_each": "--max-queued-each <size>",
} as const;

type BoundKey = keyof typeof FLAGS;

/** The options; help and defaults are those of the keys. */
export function boundOptions(): Option[] {
  return (Object.keys(FLAGS) as BoundKey[]).map((key) => {
    const spec: OptionSpec = CONFIG_KEYS[key];
    return new Option(FLAGS[key], spec.doc[0]!.toLowerCase() + spec.doc.slice(1))
      .argParser((text) => parse(spec, text))
      .default(defaultOf(spec), String(spec.default));
  });
}

/** The bounds as the options that were given say. */
export function boundsOfOptions(given: Readonly<Record<string, unknown>>) {
  return bounds((key) => given[new Option(FLAGS[key]).attributeName()] as number);
}

/** The bounds as the configuration says. */
export function boundsOfConfig(config: Readonly<Record<BoundKey, number>>) {
  return bounds((key) => config[key]);
}

function bounds(value: (key: BoundKey) => number) {
  return {
    retentionDays: value("embedded.retention"),
    storeBytes: value("embedded.max_store"),
    maxSubscribers: value("embedded.max_subscribers"),
    totalBytes: value("embedded.max_queued"),
    queueBytes: value("embedded.max_queued_each"),
  } satisfies BusOptions;
}

function parse({ type, minimum = 0 }: OptionSpec, text: string): number {
  if (type === "bytes") {
    try {
      return parseBytes(text);
    } catch {
      throw new InvalidArgumentError("write a size, e.g. 512MiB");
    }
  }
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= minimum) return count;
  throw new InvalidArgumentError(`write a whole number from ${minimum}`);
}
