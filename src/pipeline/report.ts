import type { Queue, QueueItem } from "../delivery/queue.ts";
import type { Match } from "../engines/engine.ts";
import type { Format } from "../formats/format.ts";
import { iocOf } from "../formats/match.ts";
import { sightingUuid } from "../stix/ids.ts";
import { type Aggregation, takesWindows } from "./aggregate.ts";

/** A sink's name and the form of what it gets. */
export interface Target {
  readonly label: string;
  readonly format: Format;
}

/** Turns the event of a match into another (`transform_context`); undefined keeps it. */
export type Transform = (match: Match, signal: AbortSignal) => Promise<Uint8Array | undefined>;

/** How matches become deliveries. */
export interface ReportOptions {
  /** Asked for each batch, as they may change. */
  readonly targets: () => readonly Target[];
  readonly queue: Queue;
  readonly transform?: Transform;
  /** Gathers events for the targets that take one sighting for many. */
  readonly aggregation?: Pick<Aggregation, "collects" | "collect" | "room"> | undefined;
  /** Targets that take no windows get nothing while there is one that does. */
  readonly dropEvents?: boolean;
  /** Most transformations under way at once. */
  readonly parallel: number;
  /** Told of each match that was new. */
  readonly onReported?: (matches: readonly Match[], fresh: number) => void;
}

/** Queues matches for all targets; resolves when they are safe. */
export type Report = (matches: readonly Match[], signal: AbortSignal) => Promise<void>;

/** Makes the way from matches to the queue. */
export function createReport(options: ReportOptions): Report {
  const { targets, queue, transform, parallel, aggregation, dropEvents = false } = options;
  return async (matches, signal) => {
    const shaped = transform === undefined
      ? matches
      : await mapBounded(matches, parallel, (match) => withContext(match, transform, signal));
    const current = targets();
    const gathers = aggregation?.collects === true && current.some(takesWindows);
    if (gathers) await aggregation.room(signal);
    const each = !gathers
      ? current
      : dropEvents
      ? []
      : current.filter((target) => !takesWindows(target));
    const collect = gathers
      ? (fresh: readonly Reported[]) => aggregation.collect(fresh.map(({ match }) => match))
      : undefined;
    let items: Reported[] = [];
    let bytes = 0, fresh = 0;
    for (const match of shaped) {
      const item = { ...toItem(match, each), match };
      items.push(item);
      bytes += item.bodies.reduce((sum, { body }) => sum + body.length, 0);
      if (bytes < queue.piece) continue;
      fresh += await queue.put(items, signal, collect);
      [items, bytes] = [[], 0];
    }
    fresh += await queue.put(items, signal, collect);
    options.onReported?.(matches, fresh);
  };
}

/** An item with what it was made from. */
interface Reported extends QueueItem {
  readonly match: Match;
}

function toItem(match: Match, targets: readonly Target[]): QueueItem {
  // Of the event as it was: a transformation may be different each time.
  const id = sightingUuid(match.indicator.id, match.event.bytes);
  return {
    id,
    ioc: iocOf(match),
    matchType: match.type,
    indicatorId: match.indicator.id,
    bodies: targets.map(({ label, format }) => ({ sink: label, body: format.render(match, id) })),
  };
}

async function withContext(
  match: Match,
  transform: Transform,
  signal: AbortSignal,
): Promise<Match> {
  const context = await transform(match, signal);
  return context === undefined ? match : { ...match, context };
}

/** Maps in order with so many under way at most. */
async function mapBounded<A, B>(
  items: readonly A[],
  limit: number,
  map: (item: A) => Promise<B>,
): Promise<B[]> {
  const results = new Array<B>(items.length);
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < items.length; index = next++) {
      results[index] = await map(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  return results;
}
