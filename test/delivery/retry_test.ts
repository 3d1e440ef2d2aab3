import assert from "node:assert/strict";
import { writeWithRetry } from "../../src/delivery/retry.ts";
import { ClosedPipe } from "../../src/errors.ts";
import { parseSinkSpec } from "../../sinks/registry.ts";
import { type Delivery, type Sink, SinkError } from "../../sinks/sink.ts";
import { deliveries } from "../sinks/deliveries.ts";

const never = new AbortController().signal;
const QUICK = { tries: 4, backoff: { initial: 1, maximum: 2 } };

/** A sink that asks `temper` before each write and keeps what arrived. */
function sinkWith(temper: (batch: readonly Delivery[], calls: number) => void) {
  const arrived: Delivery[] = [];
  let calls = 0;
  const sink: Sink = {
    write(batch, signal) {
      if (signal.aborted) throw new SinkError("aborted", { undelivered: batch });
      temper(batch, ++calls);
      arrived.push(...batch);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  return { sink, arrived, calls: () => calls };
}

const refuse = (batch: readonly Delivery[], options = {}): never => {
  throw new SinkError("no", { undelivered: batch, ...options });
};

Deno.test("writeWithRetry() tries again and reports nothing when all arrived", async () => {
  const { sink, arrived } = sinkWith((batch, calls) => {
    if (calls < 4) refuse(batch);
  });
  const outcome = await writeWithRetry(sink, deliveries(0, 5), never, QUICK);
  assert.deepEqual(outcome, { lost: 0, failure: undefined, over: false });
  assert.deepEqual(arrived, deliveries(0, 5));
});

Deno.test("writeWithRetry() goes on from where a batch failed, and takes progress for hope", async () => {
  const seen: Delivery[] = [];
  const { sink } = sinkWith((batch) => {
    seen.push(batch[0]!);
    if (batch.length > 1) refuse(batch.slice(1));
  });
  const outcome = await writeWithRetry(sink, deliveries(0, 20), never, QUICK);
  assert.equal(outcome.lost, 0);
  assert.deepEqual(seen, deliveries(0, 20));
});

Deno.test("writeWithRetry() gives up a sink that stays away, with all that is left", async () => {
  const { sink, calls } = sinkWith((batch) => refuse(batch));
  const outcome = await writeWithRetry(sink, deliveries(0, 5), never, QUICK);
  assert.equal(outcome.lost, 5);
  assert(outcome.over);
  assert.match(String(outcome.failure), /no/);
  assert.equal(calls(), 4);
});

Deno.test("writeWithRetry() takes whatever a sink throws for a failure", async () => {
  const { sink, calls } = sinkWith(() => {
    throw undefined;
  });
  const outcome = await writeWithRetry(sink, deliveries(0, 2), never, QUICK);
  assert.deepEqual([outcome.lost, outcome.over, calls()], [2, true, 4]);
  assert.match(String(outcome.failure), /undefined was thrown/);
});

Deno.test("writeWithRetry() loses only those that are refused for good", async () => {
  const bad = [deliveries(3, 1)[0]!.id, deliveries(7, 1)[0]!.id];
  const { sink, arrived } = sinkWith((batch) => {
    if (batch.some(({ id }) => bad.includes(id))) refuse(batch, { retryable: false });
  });
  const outcome = await writeWithRetry(sink, deliveries(0, 10), never, QUICK);
  assert.deepEqual([outcome.lost, outcome.over], [2, false]);
  assert.deepEqual(
    arrived.map(({ id }) => id),
    deliveries(0, 10).map(({ id }) => id).filter((id) => !bad.includes(id)),
  );
});

Deno.test("writeWithRetry() stops waiting when the signal aborts", async () => {
  const abort = new AbortController();
  const { sink } = sinkWith((batch) => {
    abort.abort();
    refuse(batch, { retryAfter: 3_600_000 });
  });
  const outcome = await writeWithRetry(sink, deliveries(0, 5), abort.signal);
  assert.deepEqual([outcome.lost, outcome.over], [5, true]);
});

Deno.test("writeWithRetry() hands ClosedPipe on", async () => {
  const { sink } = sinkWith(() => {
    throw new ClosedPipe();
  });
  await assert.rejects(writeWithRetry(sink, deliveries(0, 1), never), ClosedPipe);
});

Deno.test("writeWithRetry() reaches a webhook that fails twice, and waits as it asks", async () => {
  const times: number[] = [];
  const ids = new Set<string | null>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    times.push(Date.now());
    ids.add(request.headers.get("webhook-id"));
    await request.text();
    const headers = { "retry-after": "1" };
    return times.length <= 2 ? new Response("", { status: 503, headers }) : new Response();
  });
  const { module, options } = await parseSinkSpec(`http://127.0.0.1:${server.addr.port}/`);
  const sink = await module.open(options, { env: () => undefined }, never);
  const outcome = await writeWithRetry(sink, deliveries(0, 3), never, QUICK);
  assert.deepEqual(outcome, { lost: 0, failure: undefined, over: false });
  assert.equal(times.length, 3);
  assert(times[1]! - times[0]! >= 990);
  assert.equal(ids.size, 1);
  await sink.close();
  await server.shutdown();
});
