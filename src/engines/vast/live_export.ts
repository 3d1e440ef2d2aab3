import type { Match, RetroHooks } from "../engine.ts";
import type { IndicatorSet } from "../../intel/indicator.ts";
import { followCompounds } from "../logs/compounds.ts";
import { createLiveTroubles } from "../logs/live/live_troubles.ts";
import { lossTroubles } from "../logs/losses.ts";
import { type CatchUp, createCatchUp } from "./catch_up.ts";
import { produce } from "./channel.ts";
import type { VastClient } from "./client.ts";
import { isFirst, type VastContext } from "./context.ts";
import { isPassing, NodeAwayError, VastError } from "./errors.ts";
import { createStreamMatcher } from "./stream_matcher.ts";
import { pause, waitToRetry } from "./waiting.ts";

/** All events but the counters of Suricata itself, which say nothing of the network. */
const COUNTERS = "suricata.stats";
const QUERY = `#type != "${COUNTERS}"`;

/** A stream without events is doubted so often at least, ms. */
const SELDOM = 600_000;

type Push = (matches: readonly Match[]) => Promise<void>;

/**
 * The stream of new events (`export --continuous`), matched here, so that changes
 * of the set count at once. When the stream breaks, it is opened anew, and what
 * was committed in between is looked up in the past. On a node whose stream does
 * not work the past is looked up again and again.
 */
export async function* liveExport(
  context: VastContext,
  indicators: IndicatorSet,
  hooks: RetroHooks,
  signal: AbortSignal,
): AsyncGenerator<readonly Match[], void, void> {
  yield* produce<readonly Match[]>(
    signal,
    (push, inner) => watch(context, indicators, hooks, push, inner),
  );
}

/** Runs until the signal aborts, through all that happens to the node. */
async function watch(
  context: VastContext,
  indicators: IndicatorSet,
  hooks: RetroHooks,
  push: Push,
  signal: AbortSignal,
): Promise<never> {
  const { client, health, trust } = context;
  const stream = await createStream(context, indicators, hooks, push, signal);
  const { past } = stream;
  for (let attempt = 0;; attempt++) {
    const session = new AbortController();
    const both = AbortSignal.any([signal, session.signal]);
    let besides: Promise<unknown> | undefined;
    try {
      await client.check(signal);
      health.up();
      if (!trust.stream) await poll(past, push, context.times.poll, signal);
      besides = Promise.all([
        past.catchUp(push, both),
        doubt(context, () => stream.heard, session, both),
      ]);
      const opened = Date.now();
      await stream.follow(both, () => attempt = 0).catch((error) => {
        if (!trust.stream) past.miss(opened);
        throw error;
      });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof VastError && ["refused", "unsupported"].includes(error.failure)) {
        trust.distrustStream("refuses the stream of all new events");
      }
      if (trust.stream) {
        if (!isPassing(error) || isFirst(context)) throw error;
        health.away(error as Error);
      }
    } finally {
      session.abort(new DOMException("The event stream broke", "AbortError"));
      await besides;
    }
    past.miss(Date.now());
    await waitToRetry(attempt, signal);
  }
}

/** The stream as long as it lasts, and what it showed. */
async function createStream(
  context: VastContext,
  indicators: IndicatorSet,
  hooks: RetroHooks,
  push: Push,
  signal: AbortSignal,
) {
  const { client } = context;
  const compounds = await followCompounds(indicators, "stream", signal);
  const matcher = createStreamMatcher(indicators, compounds);
  const troubles = createLiveTroubles((trouble) => hooks.trouble?.(trouble));
  let { losses } = compounds;
  let heard = false;
  return {
    past: createCatchUp(context, indicators, matcher, hooks),
    /** Whether it showed any event since the engine was opened. */
    get heard() {
      return heard;
    },
    async follow(signal: AbortSignal, onEvents: () => void): Promise<never> {
      for await (const block of client.export({ query: QUERY, continuous: true }, signal)) {
        heard = true;
        onEvents();
        if (block.cut) continue;
        const { matches, odd } = matcher.take(block);
        if (odd > 0) {
          const what = "lines of the event stream are no JSON objects";
          troubles.add(client.endpoint, { what, count: odd, unread: true });
        }
        const { losses: now } = compounds;
        for (const { source, ...loss } of lossTroubles(now, losses)) troubles.add(source, loss);
        losses = { ...now };
        troubles.flush();
        if (matches.length > 0) await push(matches);
      }
      throw new NodeAwayError("gone", `The event stream of VAST at ${client.endpoint} ended`);
    },
  };
}

/** Looks the past up again and again. */
async function poll(past: CatchUp, push: Push, every: number, signal: AbortSignal): Promise<never> {
  past.miss(Date.now());
  while (true) {
    const start = Date.now();
    await past.catchUp(push, signal);
    past.miss(start);
    await pause(every, signal);
  }
}

/** Ends the session when the node counts more events while its stream shows none. */
async function doubt(
  { client, trust, times }: VastContext,
  isHeard: () => boolean,
  session: AbortController,
  signal: AbortSignal,
): Promise<void> {
  try {
    let known: number | undefined;
    for (
      let wait = times.shown;
      !isHeard();
      wait = Math.min(Math.max(times.doubt, 2 * wait), SELDOM)
    ) {
      await pause(wait, signal);
      const count = isHeard() ? undefined : await countEvents(client, signal);
      if (count === undefined) return;
      if (count > (known ??= count)) {
        await pause(times.shown, signal);
        if (isHeard()) return;
        trust.distrustStream("shows no new events though it counts more of them");
        return session.abort(new DOMException("The event stream is silent", "AbortError"));
      }
    }
  } catch {
    // The node is away, as the stream will tell, or the session is over.
  }
}

/** Events of the node that the stream would show; undefined if it does not tell. */
async function countEvents(client: VastClient, signal: AbortSignal): Promise<number | undefined> {
  const layouts = await client.layouts(signal, 0);
  return layouts && [...layouts].reduce((sum, [name, n]) => name === COUNTERS ? sum : sum + n, 0);
}
