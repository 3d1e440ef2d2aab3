import { type Sink, SinkError } from "../../../sinks/sink.ts";
import { isBusSighting } from "../../stix/bus_sighting.ts";
import type { ThreatBusClient } from "../../threatbus/client.ts";
import { toError } from "../../wait.ts";

/** How long a write waits for a bus that is away before it counts as failed, ms. */
const PATIENCE = 10_000;

/** Waits between such tries, ms: few, as each write notices at once when the bus is back. */
export const BUS_BACKOFF = { initial: 200, maximum: 1000 } as const;

/**
 * Threat Bus as a sink for sightings: a write is confirmed when the broker has read it,
 * and fails when the bus is away for long, or at all once `stopping` has aborted.
 */
export function busSink(
  client: Pick<ThreatBusClient, "publish" | "state" | "changed">,
  stopping: AbortSignal,
  patience = PATIENCE,
): Sink {
  return {
    async write(batch, signal) {
      const done = new AbortController(), away = new AbortController();
      const watch = awayForLong(client, stopping, patience, done.signal).then((isAway) => {
        if (isAway) away.abort(new Error("it is away"));
      });
      const bodies = batch.map(({ body }) => body);
      let refused;
      try {
        const ends = AbortSignal.any([signal, away.signal]);
        refused = await client.publish(bodies, ends, isBusSighting);
      } catch (error) {
        throw new SinkError(`Threat Bus did not take sightings: ${toError(error).message}`, {
          undelivered: batch,
          away: away.signal.aborted,
          cause: error,
        });
      } finally {
        done.abort();
        await watch;
      }
      if (refused.length === 0) return;
      throw new SinkError(`Not valid as STIX: ${refused[0]!.detail}`, {
        undelivered: refused.map(({ index }) => batch[index]!),
        retryable: false,
      });
    },
    close: () => Promise.resolve(),
  };
}

/** Resolves with true when the bus has been away for so long, or is away while we stop; with false when done. */
async function awayForLong(
  client: Pick<ThreatBusClient, "state" | "changed">,
  stopping: AbortSignal,
  patience: number,
  done: AbortSignal,
): Promise<boolean> {
  const either = AbortSignal.any([stopping, done]);
  let since: number | undefined;
  while (!done.aborted) {
    if (client.state.type === "subscribed") {
      since = undefined;
      await client.changed(done);
      continue;
    }
    const now = performance.now();
    since ??= now;
    if (stopping.aborted || now - since >= patience) return true;
    await client.changed(either, patience - (now - since));
  }
  return false;
}
