import { getLogger } from "../log.ts";
import { RETRY, writeWithRetry } from "../delivery/retry.ts";
import { type Delivery, type Sink, SinkError } from "../../sinks/sink.ts";
import { parseSinkSpec, type ResolvedSink, type SinkEntryConfig } from "../../sinks/registry.ts";
import type { Match } from "../engines/engine.ts";
import { isClosedPipe } from "../errors.ts";
import type { Format, FormatOptions } from "../formats/format.ts";
import { iocOf } from "../formats/match.ts";
import { loadFormat } from "../formats/registry.ts";
import { sightingUuid } from "../stix/ids.ts";
import { lingering, toError } from "../wait.ts";
import { createGathering, type Gathering } from "./gathering.ts";
import { type Sighted, sightingWindow } from "./tally.ts";

const logger = getLogger(["bridge", "sinks"]);

/** A sink with the format of its lines, open. */
interface Outlet {
  readonly label: string;
  readonly format: Format;
  readonly sink: Sink;
  /** Gathers what is told in windows, until the end. */
  readonly gathering: Gathering | undefined;
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
  /** What the sinks are called in logs. */
  readonly labels: readonly string[];
  /**
   * Writes to all sinks side by side and waits for the slowest. A sink that fails
   * for good is left out from then on, the others go on.
   *
   * @throws ClosedPipe when the reader of standard output is gone
   */
  deliver(matches: readonly Match[]): Promise<void>;
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
  /** Sinks that take no windows get nothing, if there is one that does. */
  readonly dropEvents?: boolean;
  /** Windows go elsewhere too, to the bus. */
  readonly windowsElsewhere?: boolean;
  readonly env: (name: string) => string | undefined;
  /** How long, ms, what was found may take to go out after an interrupt. */
  readonly grace: number;
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
  const { dropEvents = false, windowsElsewhere = false, aggregate } = options;
  const gathering = outlets.filter(({ gathering }) => gathering !== undefined);
  const inWindows = aggregate !== undefined && (windowsElsewhere || gathering.length > 0);
  const takers = dropEvents && inWindows ? gathering : outlets;
  const writing = lingering(signal, options.grace);
  return {
    labels: outlets.map(({ label }) => label),
    async deliver(matches) {
      await Promise.all(takers.map((outlet) => deliverTo(outlet, matches, writing)));
    },
    async close() {
      await Promise.all(outlets.map((outlet) => closeOutlet(outlet, writing)));
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
  const gathering = aggregate !== undefined && format.renderWindow !== undefined
    ? createGathering(aggregate)
    : undefined;
  return { label, format, sink, gathering, lost: 0, failure: undefined, over: false };
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
  const { gathering, format } = outlet;
  if (gathering !== undefined) return await gathering.add(matches);
  await write(outlet, matches.map((match) => toDelivery(match, format)), signal);
}

/** A person wants to know what a hunt waits for, ms. */
const LONG_PAUSE = 5000;

async function write(
  outlet: Outlet,
  deliveries: readonly Delivery[],
  signal: AbortSignal,
): Promise<void> {
  const { label, sink } = outlet;
  const { lost, failure, over } = await writeWithRetry(sink, deliveries, signal, {
    ...RETRY,
    onPause(ms, error) {
      if (ms < LONG_PAUSE) return;
      const seconds = Math.ceil(ms / 1000);
      logger.warn("{label} is tried again in {seconds} s: {error}", { label, seconds, error });
    },
  });
  outlet.lost += lost;
  outlet.failure ??= failure;
  outlet.over = over;
}

async function tellWindows(outlet: Outlet, signal: AbortSignal): Promise<void> {
  const { gathering, format } = outlet;
  for await (const page of gathering?.drain() ?? []) {
    if (outlet.over) {
      outlet.lost += page.length;
      continue;
    }
    await write(outlet, page.map((tally) => windowDelivery(tally, format)), signal);
  }
}

async function closeOutlet(outlet: Outlet, signal: AbortSignal): Promise<void> {
  try {
    await tellWindows(outlet, signal);
    await outlet.sink.close();
  } catch (error) {
    if (isClosedPipe(error)) return;
    outlet.failure ??= toError(error);
    if (error instanceof SinkError) outlet.lost += error.undelivered.length;
  }
}

/** Many matches as one, for a format that can tell them. */
export function windowDelivery(tally: Sighted, format: Format): Delivery {
  const { match, indicatorId } = tally;
  const window = sightingWindow(tally);
  return {
    id: sightingUuid(indicatorId, match.event.bytes, `${window.name} ${window.count}`),
    body: format.renderWindow!(match, window),
    ioc: match.ioc,
    matchType: match.type,
    indicatorId,
  };
}

/** A match as a sink takes it. */
export function toDelivery(match: Match, format: Format): Delivery {
  return new MatchDelivery(match, format.render(match));
}

/**
 * Ids are worked out only if a sink asks: most write the body alone. A class, as an object with
 * getters of its own takes a microsecond to make.
 */
class MatchDelivery implements Delivery {
  readonly #match: Match;
  readonly body: Uint8Array;
  #id: string | undefined;

  constructor(match: Match, body: Uint8Array) {
    this.#match = match;
    this.body = body;
  }

  get id() {
    return this.#id ??= sightingUuid(this.indicatorId, this.#match.event.bytes);
  }

  get ioc() {
    return iocOf(this.#match);
  }

  get matchType() {
    return this.#match.type;
  }

  get indicatorId() {
    return this.#match.indicator.id;
  }
}
