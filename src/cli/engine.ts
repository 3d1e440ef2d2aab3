import { getLogger } from "../log.ts";
import type { Config } from "../config/config.ts";
import type { Engine } from "../engines/engine.ts";
import type { PositionStore } from "../engines/logs/live/positions.ts";
import type { IsOwn } from "../engines/logs/sources/walk.ts";
import { UsageError } from "../errors.ts";
import { endpointFrom } from "./settings.ts";

const logger = getLogger(["bridge", "engines"]);

/** The flags that choose an engine; they win over the configuration. */
export interface EngineFlags {
  readonly engine?: string;
  readonly logs?: readonly string[];
  readonly vast?: string;
  readonly vastBinary?: string;
}

/** What an engine gets besides, the most of it in `bridge run`. */
export interface EngineParts {
  /** Files among the logs that are none: this program writes them. */
  readonly isOwn: IsOwn;
  /** Folders where this program has databases. */
  readonly databases?: readonly string[];
  /** It waits for telemetry that is away, also at the start. */
  readonly forever?: boolean;
  /** Live matching is to come. */
  readonly live?: boolean;
  /** Where positions of followed logs are kept. */
  readonly positions?: PositionStore;
}

/**
 * Opens the engine that flags or configuration name, the logs engine unless a
 * VAST node was named.
 *
 * @throws UsageError when telemetry was named for another engine than the chosen one
 */
export async function openEngine(
  flags: EngineFlags,
  config: Config,
  parts: EngineParts,
): Promise<Engine> {
  const logs = flags.logs ?? [];
  if (engineName(flags, config) === "vast") {
    if (logs.length > 0) throw new UsageError("--logs goes with the logs engine, not with vast");
    const { open } = await import("../engines/vast/mod.ts");
    return await open({
      ...config,
      vast: endpointFrom("--vast", flags.vast, "vast") ?? config.vast,
      vast_binary: flags.vastBinary ?? config.vast_binary,
      ...(parts.forever ? { patience: Infinity } : {}),
    });
  }
  if (flags.vast !== undefined) throw new UsageError("--vast goes with --engine vast");
  const { open } = await import("../engines/logs/mod.ts");
  const paths = logs.length > 0 ? logs : config.logs ?? [];
  const engine = await open({
    paths,
    isOwn: parts.isOwn,
    ...(parts.databases === undefined ? {} : { databases: parts.databases }),
    ...(parts.live === undefined ? {} : { live: parts.live }),
    ...(parts.positions === undefined ? {} : { positions: parts.positions }),
  });
  if (paths.length === 0) {
    logger.warn("Hunting in {folders}", {
      folders: engine.roots.map(({ name }) => name).join(", "),
    });
  }
  return engine;
}

function engineName(flags: EngineFlags, config: Config): "logs" | "vast" {
  if (flags.engine === "logs" || flags.engine === "vast") return flags.engine;
  if (flags.vast !== undefined) return "vast";
  if (flags.logs !== undefined && flags.logs.length > 0) return "logs";
  if (config.engine !== "auto") return config.engine;
  return config.vast === undefined ? "logs" : "vast";
}
