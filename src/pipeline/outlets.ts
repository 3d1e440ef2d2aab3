import { writeWithRetry } from "../delivery/retry.ts";
import { type Delivery, type Sink, SinkError } from "../../sinks/sink.ts";
import { parseSinkSpec, type ResolvedSink, type SinkEntryConfig } from "../../sinks/registry.ts";
import type { Match } from "../engines/engine.ts";
import { isClosedPipe } from "../errors.ts";
import type { Format, FormatOptions } from "../formats/format.ts";
import { iocOf } from "../formats/match.ts";
import { loadFormat } from "../formats/registry.ts";
import { sightingUuid } from "../stix/ids.ts";
import { createTallying, sightingWindow, type Tally, type Tallying } from "./tally.ts";

/** A sink with the format of its lines, open. */
interface Outlet {
  readonly label: string;
  readonly format: Format;
  readonly sink: Sink;
  /** Gathers what is told in windows, until the end. */
  readonly tallying: Tallying | undefined;
  /** What could not be delivered. */
  lost: number;
  /** The first error that cost a delivery. */
  failure: unknown;
  /** Given up: nothing more is written. */
  over: boolean;
}

/** What became of the matches at one sink. */
export interface OutletReport {
  readonly label: string;
  readonly lost: number;
  readonly failure: unknown;
}

/** Straight ways from matches to sinks, without a spool: what a one-shot hunt uses. */
export interface Outlets {
  /**
   * Writes to all sinks side by side and waits for the slowest. A sink that fails
   * for good is left out from then on, the others go on.
   *
   * @throws ClosedPipe when the reader of standard output is gone
   */
  deliver(matches: readonly Match[], signal: AbortSignal): Promise<void>;
  /** Ends the documents and closes the sinks; tells what was lost. */
  close(): Promise<readonly OutletReport[]>;
}

/** How outlets are made. */
export interface OutletsOptions {
  readonly sinks: readonly SinkEntryConfig[];
  /** A text that is no short form is a command, as in the configuration. */
  readonly commands?: boolean;
  /** The format of sinks that don't name their own. */
  readonly format: string;
  readonly formatOptions: FormatOptions;
  /** Length of windows, ms, in which hits of one indicator become one sighting; unset tells each. */
  readonly aggregate?: number | undefined;
  readonly env: (name: string) => string | undefined;
}

/**
 * Opens all sinks or none.
 *
 * @throws UsageError, ConfigError or SinkError
 */
export async function openOutlets(
  options: OutletsOptions,
  signal: AbortSignal,
): Promise<Outlets> {
  const resolved = await Promise.all(options.sinks.map((entry) => parseSinkSpec(entry, options)));
  const outlets: Outlet[] = [];
  try {
    for (const sink of resolved) outlets.push(await openOutlet(sink, options, signal));
  } catch (error) {
    await Promise.allSettled(outlets.map(({ sink }) => sink.close()));
    throw error;
  }
  return {
    async deliver(matches, signal) {
      await Promise.all(outlets.map((outlet) => deliverTo(outlet, matches, signal)));
    },
    async close() {
      await Promise.all(outlets.map(closeOutlet));
      return outlets.map(({ label, lost, failure }) => ({ label, lost, failure }));
    },
  };
}

async function openOutlet(
  { label, module, options, format: own }: ResolvedSink,
  { format: common, formatOptions, env, aggregate }: OutletsOptions,
  signal: AbortSignal,
): Promise<Outlet> {
  const format = await loadFormat(own ?? common, formatOptions);
  const head = format.head?.();
  const sink = await module.open(options, {
    env,
    ...(head === undefined ? {} : { head }),
    ...tailOf(format),
  }, signal);
  const tallying = aggregate !== undefined && format.renderWindow !== undefined
    ? createTallying(aggregate)
    : undefined;
  return { label, format, sink, tallying, lost: 0, failure: undefined, over: false };
}

/** A document's end is worked out when the sink closes: it may depend on what came before. */
function tailOf({ tail }: Format): { readonly tail?: Uint8Array } {
  return tail === undefined
    ? {}
    : Object.defineProperty({}, "tail", { enumerable: true, get: tail });
}

async function deliverTo(
  outlet: Outlet,
  matches: readonly Match[],
  signal: AbortSignal,
): Promise<void> {
  if (outlet.over) {
    outlet.lost += matches.length;
    return;
  }
  const { tallying, format } = outlet;
  if (tallying !== undefined) return matches.forEach(tallying.add);
  await write(outlet, matches.map((match) => toDelivery(match, format)), signal);
}

async function write(
  outlet: Outlet,
  deliveries: readonly Delivery[],
  signal: AbortSignal,
): Promise<void> {
  const { lost, failure, over } = await writeWithRetry(outlet.sink, deliveries, signal);
  outlet.lost += lost;
  outlet.failure ??= failure;
  outlet.over = over;
}

/** So many windows are told at once. */
const PAGE = 1000;

async function tellWindows(outlet: Outlet): Promise<void> {
  const { tallying, format } = outlet;
  const tallies = tallying?.take() ?? [];
  for (let from = 0; from < tallies.length; from += PAGE) {
    const page = tallies.slice(from, from + PAGE);
    if (outlet.over) {
      outlet.lost += page.length;
      continue;
    }
    await write(outlet, page.map((tally) => windowDelivery(tally, format)), NEVER);
  }
}

/** What was found still goes out: only a second interrupt ends that. */
const NEVER = new AbortController().signal;

async function closeOutlet(outlet: Outlet): Promise<void> {
  try {
    await tellWindows(outlet);
    await outlet.sink.close();
  } catch (error) {
    if (isClosedPipe(error)) return;
    outlet.failure ??= error;
    if (error instanceof SinkError) outlet.lost += error.undelivered.length;
  }
}

/** Many matches as one, for a format that can tell them. */
export function windowDelivery(tally: Tally, format: Format): Delivery {
  const { match } = tally;
  const window = sightingWindow(tally);
  return {
    ...toDelivery(match, { ...format, render: () => format.renderWindow!(match, window) }),
    id: sightingUuid(match.indicator.id, match.event.bytes, `${window.name} ${window.count}`),
  };
}

/** A match as a sink takes it. The id is worked out only if a sink asks: most write the body alone. */
export function toDelivery(match: Match, format: Format): Delivery {
  let id: string | undefined;
  return {
    get id() {
      return id ??= sightingUuid(match.indicator.id, match.event.bytes);
    },
    body: format.render(match),
    ioc: iocOf(match),
    matchType: match.type,
    indicatorId: match.indicator.id,
  };
}
