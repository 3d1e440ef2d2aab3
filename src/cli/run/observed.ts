/** Numbers that others keep, for /metrics. */
import type { Engine } from "../../engines/engine.ts";
import type { OwnIndicatorSet } from "../../intel/own_indicator_set.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import type { Bus } from "../../threatbus/bus/bus.ts";

/** Shows the numbers of a bus in this process. */
export function observeBus(metrics: Metrics, bus: Bus): void {
  metrics.observe({
    type: "gauge",
    name: "bus_subscribers",
    help: "Subscribers of the embedded bus",
    read: () => [["", bus.stats().subscribers]],
  });
  metrics.observe({
    type: "counter",
    name: "bus_received_total",
    help: "Messages that the embedded bus took",
    label: "type",
    read: () => Object.entries(bus.stats().received),
  });
  metrics.observe({
    type: "counter",
    name: "bus_refused_total",
    help: "Messages that the embedded bus did not take",
    label: "reason",
    read: () => Object.entries(bus.stats().refused),
  });
  metrics.observe({
    type: "counter",
    name: "bus_dropped_total",
    help: "Messages lost by subscribers of the embedded bus that do not read",
    read: () => [["", bus.stats().dropped]],
  });
  metrics.observe({
    type: "counter",
    name: "bus_turned_away_total",
    help: "Subscriptions that the embedded bus refused since there were too many",
    read: () => [["", bus.stats().turnedAway]],
  });
}

/** Shows whether the telemetry can be reached, of an engine that tells. */
export function observeEngine(metrics: Metrics, { health }: Pick<Engine, "health">): void {
  if (health === undefined) return;
  metrics.observe({
    type: "gauge",
    name: "engine_up",
    help: "Whether the telemetry can be reached (0 from when it is found to be away)",
    read: () => [["", health().type === "away" ? 0 : 1]],
  });
}

/** Shows how many indicators (or values of theirs) were not taken, and why. */
export function observeHeldBack(metrics: Metrics, set: OwnIndicatorSet): void {
  metrics.observe({
    type: "counter",
    name: "indicators_held_back_total",
    help: "Indicators and values of them that are not looked for",
    label: "reason",
    read() {
      const counts = new Map<string, number>();
      for (const [reason, count] of set.heldBack) {
        const label = labelOf(reason);
        counts.set(label, (counts.get(label) ?? 0) + count);
      }
      return counts;
    },
  });
}

const FIXED = new Set(["revoked", "expired", "valid_from is to come"]);

/** Words that senders chose must not become labels: there could be any number of them. */
function labelOf(reason: string): string {
  const isOurs = FIXED.has(reason) || /^(allow-listed by|matches almost everything)/.test(reason);
  return isOurs ? reason : "filtered";
}
