import assert from "node:assert/strict";
import { openNowOrLater } from "../../src/delivery/open_later.ts";
import { type Sink, SinkError } from "../../sinks/sink.ts";
import { deliveries } from "../sinks/deliveries.ts";

const never = new AbortController().signal;

function opening(failures: number, error: Error) {
  const arrived: string[] = [];
  const sink: Sink = {
    write: (batch) => Promise.resolve(void arrived.push(...batch.map(({ id }) => id))),
    close: () => Promise.resolve(void arrived.push("closed")),
  };
  const open = () => failures-- > 0 ? Promise.reject(error) : Promise.resolve(sink);
  return { open, arrived };
}

Deno.test("openNowOrLater() opens at a later write what can't be reached yet", async () => {
  const { open, arrived } = opening(2, new SinkError("nobody listens"));
  const sink = await openNowOrLater("s", open, never);
  const batch = deliveries(0, 2);
  await assert.rejects(sink.write(batch, never), (error) => {
    assert(error instanceof SinkError && error.retryable);
    assert.deepEqual(error.undelivered, batch);
    return true;
  });
  await sink.write(batch, never);
  await sink.close();
  assert.deepEqual(arrived, [...batch.map(({ id }) => id), "closed"]);
});

Deno.test("openNowOrLater() fails at once where trying again can't help", async () => {
  for (const error of [new SinkError("no program", { retryable: false }), new Error("odd")]) {
    await assert.rejects(openNowOrLater("s", opening(1, error).open, never), error);
  }
});
