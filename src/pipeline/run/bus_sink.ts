import { type Sink, SinkError } from "../../../sinks/sink.ts";
import { isBusSighting } from "../../stix/bus_sighting.ts";
import type { ThreatBusClient } from "../../threatbus/client.ts";
import { toError } from "../../wait.ts";

/** Threat Bus as a sink for sightings: a write is confirmed when the broker has read it. */
export function busSink(client: Pick<ThreatBusClient, "publish">): Sink {
  return {
    async write(batch, signal) {
      let refused;
      try {
        refused = await client.publish(batch.map(({ body }) => body), signal, isBusSighting);
      } catch (error) {
        throw new SinkError(`Threat Bus did not take sightings: ${toError(error).message}`, {
          undelivered: batch,
          cause: error,
        });
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
