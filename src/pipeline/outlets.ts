import { writeWithRetry } from "../delivery/retry.ts";
import { type Delivery, type Sink, SinkError } from "../../sinks/sink.ts";
import { parseSinkSpec, type ResolvedSink, type SinkEntryConfig } from "../../sinks/registry.ts";
import type { Match } from "../engines/engine.ts";
import { isClosedPipe } from "../errors.ts";
import type { Format, FormatOptions } from "../formats/format.ts";
import { iocOf } from "../formats/match.ts";
import { loadFormat } from "../formats/registry.ts";
import { sightingUuid } from "../stix/ids.ts";

/** A sink with the format of its lines, open. */
interface Outlet {
  readonly label: string;
  readonly format: Format;
  readonly sink: Sink;
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
  /** The format of sinks that don't name their own. */
  readonly format: string;
  readonly formatOptions: FormatOptions;
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
  const resolved = await Promise.all(options.sinks.map((entry) => parseSinkSpec(entry)));
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
  { format: common, formatOptions, env }: OutletsOptions,
  signal: AbortSignal,
): Promise<Outlet> {
  const format = await loadFormat(own ?? common, formatOptions);
  const head = format.head?.();
  const sink = await module.open(options, {
    env,
    ...(head === undefined ? {} : { head }),
    ...tailOf(format),
  }, signal);
  return { label, format, sink, lost: 0, failure: undefined, over: false };
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
  const deliveries = matches.map((match) => toDelivery(match, outlet.format));
  const { lost, failure, over } = await writeWithRetry(outlet.sink, deliveries, signal);
  outlet.lost += lost;
  outlet.failure ??= failure;
  outlet.over = over;
}

async function closeOutlet(outlet: Outlet): Promise<void> {
  try {
    await outlet.sink.close();
  } catch (error) {
    if (isClosedPipe(error)) return;
    outlet.failure ??= error;
    if (error instanceof SinkError) outlet.lost += error.undelivered.length;
  }
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
