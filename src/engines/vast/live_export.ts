import { getLogger } from "@logtape/logtape";
import type { Match } from "../engine.ts";
import type { IndicatorSet } from "../../intel/indicator.ts";
import { type Compounds, followCompounds } from "../logs/compounds.ts";
import { compoundMatchOf, createCrediting, matchOf } from "./credit.ts";
import type { Block } from "./lines.ts";
import { createChannel } from "./channel.ts";
import { NodeAwayError, VastError } from "./errors.ts";
import { fingerprint } from "./ledger.ts";
import { retro, type RetroContext } from "./retro.ts";
import { backoff, sleep } from "./waiting.ts";

/** All events but the counters of Suricata itself, which say nothing of the network. */
const QUERY = `#type != "suricata.stats"`;

/** Events are logged, shipped and committed some time after they happened, ms. */
const LATENESS = 60_000;

/** Matches wait here in groups until they are delivered. */
const WAITING = 4;

/** So many delivered matches are remembered, to tell what is new after a gap. */
const REMEMBERED = 20_000;

/** A new stream is open for sure after so long; what is committed from then on it shows, ms. */
const SETTLING = 2_000;

/**
 * The stream of new events (`export --continuous`), matched here, so that changes
 * of the set count at once. When the stream breaks, it is opened anew, and what
 * was committed in between is looked up in the past.
 */
export async function* liveExport(
  context: RetroContext,
  indicators: IndicatorSet,
  signal: AbortSignal,
): AsyncGenerator<readonly Match[], void, void> {
  const stop = new AbortController();
  const inner = AbortSignal.any([signal, stop.signal]);
  const channel = createChannel<readonly Match[]>(WAITING);
  const push = (matches: readonly Match[]) => channel.push(matches, inner);
  const running = watch(context, indicators, push, inner).catch(channel.fail);
  try {
    yield* channel.read();
  } finally {
    stop.abort(new DOMException("Live matching is over", "AbortError"));
    await running;
  }
}

/** Runs until the signal aborts, through all that happens to the node. */
async function watch(
  context: RetroContext,
  indicators: IndicatorSet,
  push: (matches: readonly Match[]) => Promise<void>,
  signal: AbortSignal,
): Promise<never> {
  const { client, health } = context;
  const compounds = await followCompounds(indicators, "stream", signal);
  const matcher = createStreamMatcher(indicators, compounds);
  /** When the stream broke, if what was committed since has not been looked up yet. */
  let lost: number | undefined;
  for (let attempt = 0;; attempt++) {
    const stream = new AbortController();
    const both = AbortSignal.any([signal, stream.signal]);
    let catchingUp: Promise<void> | undefined;
    try {
      await client.check(signal);
      health.up();
      if (lost !== undefined) {
        const since = lost - LATENESS;
        catchingUp = catchUp(context, indicators, since, matcher, push, both)
          .then(() => lost = undefined, (error) => noteGap(error, both))
          .then(() => {});
      }
      for await (const block of client.export({ query: QUERY, continuous: true }, signal)) {
        attempt = 0;
        const matches = block.cut ? [] : matcher.take(block);
        if (matches.length > 0) await push(matches);
      }
      throw new NodeAwayError("gone", `The event stream of VAST at ${client.endpoint} ended`);
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error) || isFirst(context)) throw error;
      health.away(error as Error);
    } finally {
      stream.abort(new DOMException("The event stream broke", "AbortError"));
      await catchingUp;
    }
    lost ??= Date.now();
    await sleep(backoff(attempt), signal);
  }
}

/** Looks up what was committed while no stream was open. */
async function catchUp(
  context: RetroContext,
  indicators: IndicatorSet,
  since: number,
  matcher: StreamMatcher,
  push: (matches: readonly Match[]) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  await sleep(SETTLING, signal);
  const query = { indicators, since, maxEvents: 0 };
  for await (const matches of retro(context, query, {}, signal)) {
    const missed = matches.filter((match) => matcher.isNew(match));
    if (missed.length > 0) await push(missed.map((match) => ({ ...match, type: "LIVE" })));
  }
}

function noteGap(error: Error, signal: AbortSignal): void {
  // A stream that broke meanwhile makes the gap longer; it will be looked up then.
  if (signal.aborted) return;
  getLogger(["bridge", "vast"]).warn`
    Events committed while the VAST node was away could not be looked up: ${error.message}`;
}

/** Whether trying again may help. */
function isPassing(error: unknown): boolean {
  return error instanceof NodeAwayError ||
    (error instanceof VastError && (error.failure === "overloaded" || error.failure === "unknown"));
}

/** One-shot commands fail at once when nothing is there to begin with. */
function isFirst({ health, patience }: RetroContext): boolean {
  return health.state.type === "unknown" && patience !== Infinity;
}

interface StreamMatcher {
  take(block: Block): Match[];
  /** Whether a match from the past was not seen in the stream; counts it as seen. */
  isNew(match: Match): boolean;
}

function createStreamMatcher(indicators: IndicatorSet, compounds: Compounds): StreamMatcher {
  const crediting = createCrediting(indicators, true);
  const recent = new Set<number>();
  let odd = 0;
  const remember = (key: number) => {
    recent.add(key);
    if (recent.size > REMEMBERED) recent.delete(recent.values().next().value!);
  };
  const take = (block: Block): Match[] => {
    const credits = crediting.credit(block);
    if (credits.odd > 0 && odd === 0) {
      getLogger(["bridge", "vast"]).warn`
        The event stream of VAST holds lines that are no JSON objects; they are left out`;
    }
    odd += credits.odd;
    return credits.credited.flatMap(({ event, hits, matters }) => {
      const placed = { event, source: "vast", line: undefined };
      const compound = matters ? compounds.feed(placed) : [];
      for (const { handle } of hits) remember(fingerprint(handle, event.bytes));
      for (const { handle, placed } of compound) {
        remember(fingerprint(handle, placed.event.bytes));
      }
      return [
        ...hits.map((hit) => matchOf("LIVE", hit, event, indicators)),
        ...compound.map(({ handle, placed }) =>
          compoundMatchOf("LIVE", handle, placed.event, indicators)
        ),
      ];
    });
  };
  return {
    take,
    isNew({ indicator, event, observable }) {
      const handles = observable === undefined
        ? [...indicators.compounds]
        : indicators.iocs.hits(event.value).map(({ handle }) => handle);
      const keys = handles.filter((handle) => indicators.get(handle).id === indicator.id)
        .map((handle) => fingerprint(handle, event.bytes));
      if (keys.length === 0 || keys.some((key) => recent.has(key))) return false;
      keys.forEach(remember);
      return true;
    },
  };
}
