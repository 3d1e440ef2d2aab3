import type { Match, RetroHooks } from "../engine.ts";
import type { IndicatorSet } from "../../intel/indicator.ts";
import { produce } from "./channel.ts";
import { isFirst, type VastContext } from "./context.ts";
import { isPassing, NodeAwayError, VastError } from "./errors.ts";
import { linesOf } from "./lines.ts";
import { createMatcherChanges, type MatcherChange } from "./matcher_changes.ts";
import { type KnownIndicators, matchesOf, readMatcherLine } from "./matcher_line.ts";
import { waitToRetry } from "./waiting.ts";

/** How the ancestor marks its indicators in a matcher. */
const MARK = "threatbus__";

/** So many values are told at once, a process each (as far as the lanes allow). */
const TELLING = 8;

/**
 * A matcher of the node (a plugin): it is told the indicators, and its results
 * are read. After the node or the process went away, it is told all of them anew.
 *
 * @throws VastError `unsupported` if the node has no such plugin
 */
export async function* liveMatcher(
  context: VastContext,
  name: string,
  indicators: IndicatorSet,
  hooks: RetroHooks,
  signal: AbortSignal,
): AsyncGenerator<readonly Match[], void, void> {
  yield* produce<readonly Match[]>(
    signal,
    (push, inner) => watch(context, name, indicators, hooks, push, inner),
  );
}

async function watch(
  context: VastContext,
  name: string,
  indicators: IndicatorSet,
  hooks: RetroHooks,
  push: (matches: readonly Match[]) => Promise<void>,
  signal: AbortSignal,
): Promise<never> {
  const { client, health } = context;
  const known = knownIn(indicators);
  const odd = (line: Uint8Array) => {
    const text = new TextDecoder().decode(line).slice(0, 200);
    const what = `a line of the matcher ${name} can't be read: ${text}`;
    hooks.trouble?.({ source: client.endpoint, what, count: 1, unread: true });
    return [];
  };
  for (let attempt = 0;; attempt++) {
    const session = new AbortController();
    const both = AbortSignal.any([signal, session.signal]);
    let telling: Promise<void> | undefined;
    try {
      await client.check(signal);
      health.up();
      telling = tell(context, name, indicators, hooks, both);
      for await (const block of client.attachMatcher(name, signal)) {
        attempt = 0;
        const lines = block.cut ? [] : linesOf(block);
        const matches = lines.flatMap((line) => matchesIn(line, known) ?? odd(line));
        if (matches.length > 0) await push(matches);
      }
      throw new NodeAwayError("gone", `The matcher ${name} of VAST at ${client.endpoint} ended`);
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error) || isFirst(context)) throw error;
      health.away(error as Error);
    } finally {
      session.abort(new DOMException("The matcher's session is over", "AbortError"));
      await telling;
    }
    await waitToRetry(attempt, signal);
  }
}

function matchesIn(line: Uint8Array, known: KnownIndicators): readonly Match[] | undefined {
  const result = readMatcherLine(line);
  return result && matchesOf(result, known);
}

/** Tells the matcher all indicators and then each change, a few at a time, until the signal aborts. */
async function tell(
  { client, lanes }: VastContext,
  name: string,
  indicators: IndicatorSet,
  hooks: RetroHooks,
  signal: AbortSignal,
): Promise<void> {
  const changes = createMatcherChanges(indicators, signal);
  const make = async ({ type, value, id }: MatcherChange) => {
    for (let attempt = 0;; attempt++) {
      const leave = await lanes.enter(signal);
      try {
        if (type === "add") await client.addToMatcher(name, value, MARK + id, signal);
        else await client.removeFromMatcher(name, value, signal);
        lanes.widen();
        return;
      } catch (error) {
        signal.throwIfAborted();
        // Attaching says so too.
        if (error instanceof VastError && error.failure === "unsupported") return;
        // The node away: the session ends with the attached process, and a new one tells all anew.
        if (attempt >= 3 || (error instanceof VastError && error.failure === "refused")) {
          const what = `the matcher ${name} does not take ${value} (${(error as Error).message})`;
          hooks.trouble?.({ source: client.endpoint, what, count: 1, unread: true });
          return;
        }
        if (error instanceof VastError && error.failure === "overloaded") lanes.narrow();
      } finally {
        leave();
      }
      await waitToRetry(attempt, signal);
    }
  };
  const worker = async () => {
    for await (const change of changes) await make(change);
  };
  await Promise.all(Array.from({ length: TELLING }, worker)).catch((error) => {
    if (!signal.aborted) throw error;
  });
}

/** The indicators behind a matcher's results: asked for when one comes, as all would fill the memory. */
function knownIn(indicators: IndicatorSet): KnownIndicators {
  const withValue = (value: string) => {
    const hits = indicators.iocs.hits({ value });
    // Values of a compound pattern only say that it may be fulfilled here.
    const points = hits.filter(({ handle }) => !indicators.compounds.has(handle));
    return points.map(({ handle }) => indicators.get(handle));
  };
  return {
    withValue,
    withId(id, value) {
      // Mostly it has the value; the ids of plain values would have to be worked out, each.
      const same = value === undefined ? [] : withValue(value);
      return same.find((indicator) => indicator.id === id) ?? indicators.withId(id);
    },
  };
}
