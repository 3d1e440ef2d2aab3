import assert from "node:assert/strict";
import { SinkError } from "../../../sinks/sink.ts";
import { busSink } from "../../../src/pipeline/run/bus_sink.ts";
import type { ClientState, ThreatBusClient } from "../../../src/threatbus/client.ts";
import { createNotice, orAborted } from "../../../src/wait.ts";

const never = new AbortController().signal;
const DELIVERY = {
  id: "1",
  body: new TextEncoder().encode("{}"),
  ioc: "bad.example",
  matchType: "LIVE",
  indicatorId: "indicator--1",
} as const;
const SUBSCRIBED: ClientState = { type: "subscribed", topic: "t", snapshotDays: 0, again: false };

/** A client whose bus comes and goes as the test says; it publishes while the bus is there. */
function fakeClient(): Pick<ThreatBusClient, "publish" | "changed"> & {
  state: ClientState;
  enter(state: ClientState): void;
} {
  const changes = createNotice();
  return {
    state: { type: "unreachable", reason: "refused" },
    changed: changes.next,
    enter(state) {
      this.state = state;
      changes.raise();
    },
    async publish(_stix, signal) {
      while (this.state.type !== "subscribed") await orAborted(changes.next(signal), signal);
      return [];
    },
  };
}

const isAway = (error: unknown) =>
  error instanceof SinkError && error.away && error.retryable &&
  error.undelivered[0] === DELIVERY;

Deno.test("busSink() fails when the bus is away for long, so that tries and age count", async () => {
  const client = fakeClient();
  const written = busSink(client, never, 30).write([DELIVERY], never);
  client.enter({ type: "unreachable", reason: "still refused" });
  await assert.rejects(written, isAway);
});

Deno.test("busSink() fails at once when the bus is away while we stop", async () => {
  const client = fakeClient(), stop = new AbortController();
  const sink = busSink(client, stop.signal, 3_600_000);
  const written = sink.write([DELIVERY], never);
  stop.abort();
  await assert.rejects(written, isAway);
  await assert.rejects(sink.write([DELIVERY], never), isAway);
  client.enter(SUBSCRIBED);
  await sink.write([DELIVERY], never);
});

Deno.test("busSink() goes on when the bus is back in time", async () => {
  const client = fakeClient();
  const written = busSink(client, never, 3_600_000).write([DELIVERY], never);
  client.enter(SUBSCRIBED);
  await written;
});
