import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { VERSION } from "../version.ts";
import { createInterval, type IntervalFields } from "./interval.ts";

/**
 * What a running bridge counts, once for Prometheus (ever growing) and once for
 * the ancestor's Influx file (by interval). No label ever carries an indicator.
 */
export interface Metrics {
  indicatorAdded(count?: number): void;
  indicatorRemoved(count?: number): void;
  /** An indicator or message that was not taken, by a short fixed reason. */
  refused(reason: string): void;
  /** An indicator that the engine can't look for, by a short fixed reason. */
  unsupported(reason: string): void;
  /** Events or searches that compound patterns had to let go, by a short fixed reason. */
  patternLosses(reason: string, count: number): void;
  /** Telemetry that the engine could not read, or values that it could not look up. */
  troubles(type: "RETRO" | "LIVE", count: number): void;
  /** Numbers that somebody else keeps, read at each scrape. */
  observe(numbers: ObservedNumbers): void;
  /** Indicators held at this moment. */
  indicators(count: number): void;
  /** Indicators that wait for retro matching or are in it. */
  retroBacklog(count: number): void;
  /** One retro query is done: seconds it took, and matches of each of its indicators. */
  retroQuery(seconds: number, indicators: number, matches: Iterable<number>): void;
  sighting(type: "RETRO" | "LIVE", count?: number): void;
  suppressed(reason: string, count?: number): void;
  delivered(sink: string, count: number): void;
  deliveryFailed(sink: string): void;
  /** Deliveries given up. */
  dead(sink: string, count: number): void;
  /** Deliveries lost so far because the spool was full. */
  dropped(total: number): void;
  spoolLength(sink: string, count: number): void;
  reconnected(): void;
  /** Text for a Prometheus scrape, and its media type. */
  exposition(): Promise<{ readonly text: string; readonly type: string }>;
  /** The fields since the last call, by the ancestor's names; empty when nothing happened. */
  takeInterval(): IntervalFields;
}

/** Numbers that are read when they are asked for. */
export interface ObservedNumbers {
  readonly type: "counter" | "gauge";
  /** Without `bridge_`. */
  readonly name: string;
  readonly help: string;
  /** Name of the one label, if there is one. */
  readonly label?: string;
  /** Values of the label (any text where there is none) and numbers. */
  readonly read: () => Iterable<readonly [string, number]>;
}

/** Makes an empty set of metrics; nothing is registered globally. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name: `bridge_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `bridge_${name}`, help, labelNames, registers });
  gauge("build_info", "The version that runs", ["version"]).set({ version: VERSION }, 1);
  const added = counter("indicators_added_total", "Indicators taken in");
  const removed = counter("indicators_removed_total", "Indicators removed");
  const refused = counter("refused_total", "Messages and indicators not taken", ["reason"]);
  const unsupported = counter(
    "indicators_unsupported_total",
    "Indicators that the engine can't look for",
    ["reason"],
  );
  const losses = counter(
    "pattern_losses_total",
    "Events and searches that compound patterns had to let go",
    ["reason"],
  );
  const troubles = counter(
    "engine_troubles_total",
    "Telemetry that could not be read, values that could not be looked up",
    ["match"],
  );
  const held = gauge("indicators", "Indicators held now");
  const backlog = gauge("retro_backlog", "Indicators waiting for or in retro matching");
  const sightings = counter("sightings_total", "Matches found", ["match"]);
  const suppressed = counter("sightings_suppressed_total", "Matches held back", ["reason"]);
  const sent = counter("sink_sent_total", "Matches that a sink confirmed", ["sink"]);
  const failed = counter("sink_errors_total", "Deliveries that failed", ["sink"]);
  const dead = counter("sink_dead_total", "Deliveries given up: dead letters", ["sink"]);
  const dropped = gauge("spool_dropped", "Deliveries lost since the start, the spool being full");
  const queue = gauge("sink_queue_length", "Matches that wait for a sink", ["sink"]);
  const reconnects = counter("bus_reconnects_total", "Subscriptions renewed after a loss");
  const retroSeconds = new Histogram({
    name: "bridge_retro_query_seconds",
    help: "Time of one retro query or scan",
    buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3600],
    registers,
  });
  const interval = createInterval();
  return {
    indicatorAdded(count = 1) {
      added.inc(count);
      interval.add("added_iocs", count);
    },
    indicatorRemoved(count = 1) {
      removed.inc(count);
      interval.add("removed_iocs", count);
    },
    refused: (reason) => refused.inc({ reason }),
    unsupported: (reason) => unsupported.inc({ reason }),
    patternLosses: (reason, count) => losses.inc({ reason }, count),
    troubles: (match, count) => troubles.inc({ match }, count),
    observe({ type, name, help, label, read }) {
      const Kind = type === "counter" ? Counter : Gauge;
      new Kind({
        name: `bridge_${name}`,
        help,
        labelNames: label === undefined ? [] : [label],
        registers,
        collect() {
          this.reset();
          for (const [value, number] of read()) {
            this.inc(label === undefined ? {} : { [label]: value }, number);
          }
        },
      });
    },
    indicators: (count) => held.set(count),
    retroBacklog(count) {
      backlog.set(count);
      interval.set("retro_match_backlog", count);
    },
    retroQuery(seconds, indicators, matches) {
      retroSeconds.observe(seconds);
      if (indicators > 0) interval.observe("retro_query_time_per_ioc", seconds);
      for (const count of matches) interval.observe("retro_matches_per_ioc", count);
    },
    sighting(type, count = 1) {
      if (count === 0) return;
      sightings.inc({ match: type }, count);
      if (type === "LIVE") interval.add("live_matcher_sightings", count);
    },
    suppressed(reason, count = 1) {
      if (count > 0) suppressed.inc({ reason }, count);
    },
    delivered: (sink, count) => sent.inc({ sink }, count),
    deliveryFailed: (sink) => failed.inc({ sink }),
    dead: (sink, count) => dead.inc({ sink }, count),
    dropped: (total) => dropped.set(total),
    spoolLength: (sink, count) => queue.set({ sink }, count),
    reconnected: () => reconnects.inc(),
    async exposition() {
      return { text: await registry.metrics(), type: registry.contentType };
    },
    takeInterval: interval.take,
  };
}
