import type { Engine, Support } from "../engine.ts";
import type { Indicator } from "../../intel/indicator.ts";
import { pointsOfExpression, prefilterOf } from "../../intel/points.ts";
import { patternObstacle } from "../../match/pattern_support.ts";
import { parsePattern, patternPoints } from "../../stix/pattern/mod.ts";
import { createVastClient } from "./client.ts";
import { createHealth } from "./health.ts";
import { createLanes } from "./lanes.ts";
import { live } from "./live.ts";
import type { VastOptions } from "./options.ts";
import { createPace } from "./pace.ts";
import { retro } from "./retro.ts";
import { spec } from "./spec.ts";
import { STREAM_TIMES } from "./stream_times.ts";
import { createTrust } from "./trust.ts";

export type { VastOptions } from "./options.ts";
export { spec } from "./spec.ts";

/** How long a hunt waits for a node that went away midway, ms. */
const PATIENCE = 15_000;

/** Opens the engine; the node is first asked when it is needed. */
export function open(options: VastOptions): Promise<Engine> {
  const endpoint = options.vast ?? "localhost:42000";
  const { vast_binary: binary = "vast", folder } = options;
  const client = createVastClient({ endpoint, binary, folder });
  const context = {
    client,
    health: createHealth(endpoint),
    lanes: createLanes(options.max_background_tasks ?? 500),
    trust: createTrust(endpoint),
    pace: createPace(options.retro_batch_size ?? 10_000),
    timeout: options.retro_match_timeout ?? 3_600_000,
    times: options.times ?? STREAM_TIMES,
    patience: options.patience ?? PATIENCE,
  };
  return Promise.resolve({
    spec,
    timesQueries: true,
    supports,
    async check(signal) {
      await client.check(signal);
      context.health.up();
    },
    retro: (query, hooks, signal) => retro(context, query, hooks, signal),
    live: (indicators, signal, hooks = {}) =>
      live(context, options.matcher_name, indicators, hooks, signal),
    health: () => context.health.state,
    close: () => client.close(),
  });
}

/** What the engine can do with an indicator. */
export function supports(indicator: Indicator): Support {
  if (indicator.points.length > 0) return { type: "whole" };
  const obstacle = patternObstacle(indicator.pattern);
  if (obstacle !== undefined) return { type: "none", ...obstacle };
  const expression = parsePattern(indicator.pattern);
  if (prefilterOf(expression) !== undefined) {
    return { type: "superset", reason: "events that hold one of the values are evaluated here" };
  }
  const reason = patternPoints(expression) === undefined
    ? "this pattern can be met without any"
    : pointsOfExpression(expression).reason;
  return { type: "none", label: "no-value", reason: `VAST is asked for values, and ${reason}` };
}
