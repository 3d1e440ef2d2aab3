import { getLogger } from "../../log.ts";
import { type Config, defaultsOf } from "../../config/config.ts";
import { CONFIG_KEYS, type ConfigKey } from "../../config/keys.ts";
import { describeError } from "../report.ts";

const logger = getLogger(["bridge", "run"]);

/** Keys that take effect while it runs; all others need a restart. */
const LOGGING = [
  "logging.console",
  "logging.console_verbosity",
  "logging.file",
  "logging.file_verbosity",
  "logging.filename",
] as const;
const FILTERS = [
  "min_confidence",
  "tlp",
  "include.types",
  "include.labels",
  "exclude.types",
  "exclude.labels",
  "allow_lists",
  "guard",
] as const;
const SINKS = ["sink", "sinks", "report", "format"] as const;

/** What takes a new configuration over. */
export interface ReloadHooks {
  readonly read: () => Promise<Config>;
  readonly logging: (config: Config) => void;
  /** Allow-lists are files: they are read again also where no key changed. */
  readonly filters: (config: Config) => Promise<void>;
  readonly sinks: (
    config: Config,
  ) => Promise<{ readonly added: readonly string[]; readonly removed: readonly string[] }>;
}

/**
 * Takes over what changed in the configuration and says so; where it is wrong, says
 * that and leaves everything as it was. Returns the configuration that holds now.
 */
export async function reload(before: Config, hooks: ReloadHooks): Promise<Config> {
  try {
    const wanted = await hooks.read();
    const changed = changedKeys(before, wanted);
    const lasting = changed.filter((key) => !isTakenOver(key));
    // What needs a restart stays as it is for all parts, so that none sees half of a change.
    const kept = Object.fromEntries(lasting.map((key) => [key, before[key]]));
    const config: Config = { ...wanted, ...kept };
    const { added, removed } = await hooks.sinks(config);
    await hooks.filters(config);
    hooks.logging(config);
    logger.info("Configuration read again: {changes}", {
      changes: [
        changed.length === 0 ? "nothing changed" : `changed ${
          changed.map(
            (key) => describeChange(key, before, wanted),
          ).join(", ")
        }`,
        ...(added.length > 0 ? [`new sinks ${added.join(", ")}`] : []),
        ...(removed.length > 0 ? [`sinks gone ${removed.join(", ")}`] : []),
        "files opened anew",
      ].join("; "),
    });
    if (lasting.length > 0) {
      logger.warn("These need a restart: {keys}", { keys: lasting.join(", ") });
    }
    return config;
  } catch (error) {
    logger.error("The configuration stays as it was: {error}", {
      error: describeError(error).replace(/^bridge: /, ""),
    });
    return before;
  }
}

function changedKeys(before: Config, now: Config): ConfigKey[] {
  const keys = Object.keys(defaultsOf(CONFIG_KEYS)) as ConfigKey[];
  return keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(now[key]));
}

function isTakenOver(key: ConfigKey): boolean {
  return [...LOGGING, ...FILTERS, ...SINKS].some((taken) => taken === key);
}

/** Sinks and commands may hold secrets: of those only the name is told. */
function describeChange(key: ConfigKey, before: Config, now: Config): string {
  if (key === "sink" || key === "sinks" || key === "transform_context") return key;
  const show = (value: unknown) => value === undefined ? "unset" : JSON.stringify(value);
  return `${key} (${show(before[key])} → ${show(now[key])})`;
}
