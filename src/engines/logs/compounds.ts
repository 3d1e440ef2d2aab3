/** Compound patterns on the events of logs: the part of crediting that needs more than values. */
import { getLogger } from "../../log.ts";
import { BridgeError } from "../../errors.ts";
import type { IndicatorSet } from "../../intel/indicator.ts";
import type { Handle } from "../../match/set.ts";
import type { PatternMatch } from "../../stix/eval/stream.ts";
import type { PatternMatcherLosses } from "../../stix/eval/stream.ts";
import type { TelemetryEvent } from "../engine.ts";
import type { Sweep } from "./scan/finder.ts";

const logger = getLogger(["bridge", "engines", "logs", "patterns"]);

/** An event and where it stands, as matches need it. */
export interface PlacedEvent {
  readonly event: TelemetryEvent;
  readonly source: string;
  readonly line: number | undefined;
  /** Whether it is in the part of the telemetry that is searched for an indicator; absent if in all of them. */
  readonly isFor?: (handle: Handle) => boolean;
}

/** One indicator whose pattern an event took part in. */
export interface CompoundHit {
  readonly handle: Handle;
  readonly placed: PlacedEvent;
}

/** The compound patterns of an indicator set, kept up with it. */
export interface Compounds {
  /** Patterns to which any event may matter, not only those that hold a value; undefined if there are none. */
  readonly sweep: Sweep | undefined;
  readonly losses: PatternMatcherLosses;
  /**
   * The patterns that an event completes, each event of theirs once. `held` are the
   * patterns that the event holds a value of; without it any may be.
   */
  feed(placed: PlacedEvent, held?: readonly Handle[]): CompoundHit[];
  /** Those that had to wait for the end, as files are not in the order of time. */
  end(): CompoundHit[];
}

const NONE: Compounds = {
  sweep: undefined,
  losses: { dropped: 0, exhausted: 0 },
  feed: () => [],
  end: () => [],
};

/**
 * Follows the compound patterns of a set until the signal aborts. `any` is for
 * files one after the other, `stream` for events as they happen.
 */
export async function followCompounds(
  indicators: IndicatorSet,
  order: "any" | "stream",
  signal: AbortSignal,
): Promise<Compounds> {
  if (order === "any" && indicators.compounds.size === 0) return NONE;
  const { createEventPatterns } = await import("../../match/patterns.ts");
  const patterns = createEventPatterns<PlacedEvent>({ order, refused });

  /** Patterns that need a value which no event held so far: most of them are never read. */
  const waiting = new Set<Handle>();

  /** Which indicators are not looked for stands in the summary, by `supports`. */
  function refused(handle: Handle, { message: reason }: BridgeError): void {
    logger.debug("{id} is not looked for: {reason}", { id: indicators.get(handle).id, reason });
  }

  function add(handle: Handle): void {
    try {
      patterns.add(handle, indicators.get(handle).pattern, indicators.sweeping.has(handle));
    } catch (error) {
      if (!(error instanceof BridgeError)) throw error;
      refused(handle, error);
    }
  }

  function follow(handle: Handle): void {
    if (indicators.sweeping.has(handle)) add(handle);
    else waiting.add(handle);
  }

  for (const handle of indicators.compounds) follow(handle);
  let version = 0;
  /** Of a feed most are for one value, and never were more. */
  const followed = new Set(indicators.compounds);
  indicators.onChange(({ handle }) => {
    if (followed.delete(handle)) {
      waiting.delete(handle);
      patterns.remove(handle);
      version++;
    }
    if (!indicators.compounds.has(handle)) return;
    followed.add(handle);
    follow(handle);
    version++;
  }, signal);

  const sweep: Sweep = {
    get version() {
      return version;
    },
    patterns: () => [...indicators.sweeping].map((handle) => indicators.get(handle).pattern),
    admits: patterns.gate.admits,
    glance: patterns.gate.glance,
  };

  const hitsOf = (matches: readonly PatternMatch<PlacedEvent>[]): CompoundHit[] =>
    matches
      // What lies wholly in another part is found there; what reaches into this one only here.
      .filter(({ handle, events }) => events.some(({ isFor }) => isFor?.(handle) !== false))
      .flatMap(({ handle, fresh }) => fresh.map((placed) => ({ handle, placed })));
  return {
    get sweep() {
      return indicators.sweeping.size > 0 ? sweep : undefined;
    },
    get losses() {
      return patterns.losses;
    },
    feed(placed, held) {
      for (const handle of held ?? waiting) if (waiting.delete(handle)) add(handle);
      return hitsOf(patterns.feed(placed.event.value, placed, held?.length !== 0));
    },
    end: () => hitsOf(patterns.end()),
  };
}
