import type {
  Engine,
  Extents,
  Match,
  Progress,
  RetroQuery,
  Trouble,
  UnsupportedLabel,
} from "../engines/engine.ts";
import type { Indicator, IndicatorSet } from "../intel/indicator.ts";
import { OBSERVABLE_KINDS } from "../match/observable.ts";
import type { Handle } from "../match/set.ts";

/** One hunt through the past. */
export interface HuntOptions {
  readonly engine: Engine;
  readonly query: RetroQuery;
  /** Takes each batch of matches and resolves when it may be forgotten. */
  readonly deliver: (matches: readonly Match[]) => Promise<void>;
  readonly progress?: (progress: Progress, matches: number) => void;
  readonly trouble?: (trouble: Trouble) => void;
  /** Told at the end how far the logs were searched, by an engine that knows. */
  readonly searched?: (extents: Extents) => void;
}

/** What a hunt came to. */
export interface HuntResult {
  /** Matches delivered: one for each indicator and event. */
  readonly matches: number;
  /** Matches by indicator; who has none is not in it. */
  readonly counts: ReadonlyMap<Handle, number>;
  /** Data was left unread, so the answer may be incomplete. */
  readonly unread: boolean;
  /** The last that the engine said of how far it is. */
  readonly progress: Progress | undefined;
  /** Why the hunt ended early, if it did. */
  readonly stopped: "interrupted" | "timeout" | undefined;
}

/**
 * Looks all indicators of a query up in an engine's past and hands the matches
 * on. An abort of `signal` or `timeout` ends it early with what was found so
 * far; errors of the engine or of the delivery reject.
 */
export async function hunt(
  options: HuntOptions,
  signal: AbortSignal,
  timeout?: AbortSignal,
): Promise<HuntResult> {
  const { engine, query } = options;
  const counts = new Map<Handle, number>();
  let matches = 0, unread = false;
  let progress: Progress | undefined;
  const hooks = {
    progress(now: Progress) {
      progress = now;
      options.progress?.(now, matches);
    },
    trouble(trouble: Trouble) {
      unread ||= trouble.unread;
      options.trouble?.(trouble);
    },
    ...(options.searched === undefined ? {} : { searched: options.searched }),
  };
  const ends = timeout === undefined ? signal : AbortSignal.any([signal, timeout]);
  try {
    for await (const batch of engine.retro(query, hooks, ends)) {
      for (const { handle } of batch) {
        if (handle !== undefined) counts.set(handle, (counts.get(handle) ?? 0) + 1);
      }
      matches += batch.length;
      await options.deliver(batch);
      if (ends.aborted) break;
    }
  } catch (error) {
    if (!ends.aborted) throw error;
  }
  const stopped = signal.aborted ? "interrupted" : timeout?.aborted ? "timeout" : undefined;
  return { matches, counts, unread, progress, stopped };
}

/** An indicator that an engine can't look for; `label` is the reason in one of few words. */
export interface Unsupported {
  readonly indicator: Indicator;
  readonly label: UnsupportedLabel;
  readonly reason: string;
}

/** Indicators that an engine can't look for, with the reason. */
export async function* unsupportedIn(
  engine: Engine,
  indicators: IndicatorSet,
): AsyncIterable<Unsupported> {
  if (indicators.compounds.size > 0) {
    const { prepareObstacle } = await import("../match/pattern_support.ts");
    for (const handle of indicators.compounds) {
      await prepareObstacle(indicators.get(handle).pattern);
    }
  }
  // Most engines take every kind of point value: then a million of them need no question each.
  const takesAllKinds = OBSERVABLE_KINDS.every((kind) => engine.spec.kinds.includes(kind));
  for (const handle of takesAllKinds ? indicators.compounds : indicators.handles()) {
    const indicator = indicators.get(handle);
    const support = engine.supports(indicator);
    if (support.type === "none") yield { indicator, label: support.label, reason: support.reason };
  }
}
