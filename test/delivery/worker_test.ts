import assert from "node:assert/strict";
import { type Delivery, type Sink, SinkError } from "../../sinks/sink.ts";
import { createMemoryQueue } from "../../src/delivery/memory_queue.ts";
import { deliverQueue, type WorkerOptions } from "../../src/delivery/worker.ts";
import { item, text } from "./items.ts";

const never = new AbortController().signal;
const QUICK: WorkerOptions = { maxAttempts: 0, maxAge: 0, backoff: { initial: 1, maximum: 1 } };

function setUp(write: (batch: readonly Delivery[]) => void, onDead?: (bodies: string[]) => void) {
  const got: string[] = [];
  const sink: Sink = {
    write(batch) {
      write(batch);
      got.push(...batch.map(({ body }) => text(body)));
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  const queue = createMemoryQueue({
    capacity: 1000,
    dedup: true,
    onDead: (_sink, dead) => onDead?.(dead.map(({ body }) => text(body))),
  });
  return { got, sink, queue };
}

const ended = AbortSignal.abort();

Deno.test("deliverQueue() delivers in order and ends when drained", async () => {
  const { got, sink, queue } = setUp(() => {});
  await queue.put([item(1, "s"), item(2, "s"), item(3, "other")], never);
  await deliverQueue("s", sink, queue, QUICK, ended, never);
  assert.deepEqual(got, ["s 1", "s 2"]);
  assert.equal(queue.waiting("s"), 0);
  assert.equal(queue.waiting("other"), 1);
});

Deno.test("deliverQueue() tries again what failed, and only that", async () => {
  let tries = 0;
  const stop = new AbortController();
  const { got, sink, queue } = setUp((batch) => {
    if (++tries === 1) {
      got.push(text(batch[0]!.body));
      throw new SinkError("half of it", { undelivered: batch.slice(1) });
    }
    queueMicrotask(() => stop.abort());
  });
  await queue.put([item(1, "s"), item(2, "s")], never);
  await deliverQueue("s", sink, queue, QUICK, stop.signal, never);
  assert.deepEqual(got, ["s 1", "s 2"]);
});

Deno.test("deliverQueue() gives up just the one that a sink refuses for good", async () => {
  const dead: string[] = [];
  const { got, sink, queue } = setUp((batch) => {
    if (batch.some(({ body }) => text(body) === "s 2")) {
      throw new SinkError("poison", { undelivered: batch, retryable: false });
    }
  }, (bodies) => dead.push(...bodies));
  await queue.put([item(1, "s"), item(2, "s"), item(3, "s")], never);
  await deliverQueue("s", sink, queue, QUICK, ended, never);
  assert.deepEqual(got, ["s 1", "s 3"]);
  assert.deepEqual(dead, ["s 2"]);
});

Deno.test("deliverQueue() gives up after the most tries", async () => {
  const dead: string[] = [];
  let tries = 0;
  const stop = new AbortController();
  const { sink, queue } = setUp((batch) => {
    tries++;
    throw new SinkError("down", { undelivered: batch });
  }, (bodies) => {
    dead.push(...bodies);
    stop.abort();
  });
  await queue.put([item(1, "s")], never);
  await deliverQueue("s", sink, queue, { ...QUICK, maxAttempts: 3 }, stop.signal, never);
  assert.equal(tries, 3);
  assert.deepEqual(dead, ["s 1"]);
});

Deno.test("deliverQueue() lets the others pass one that keeps failing", async () => {
  const stop = new AbortController();
  const { got, sink, queue } = setUp((batch) => {
    const bad = batch.findIndex(({ body }) => text(body) === "s 1");
    if (bad >= 0) throw new SinkError("not this one", { undelivered: batch.slice(bad) });
  });
  await queue.put([1, 2, 3, 4, 5].map((number) => item(number, "s")), never);
  const working = deliverQueue(
    "s",
    sink,
    queue,
    {
      ...QUICK,
      onDelivered: () => queue.waiting("s") <= 1 && stop.abort(),
    },
    never,
    stop.signal,
  );
  await working;
  assert.deepEqual(got, ["s 2", "s 3", "s 4", "s 5"]);
  assert.equal(queue.waiting("s"), 1);
});

Deno.test("deliverQueue() delivers all, each once, when a sink is back after a while", async () => {
  let tries = 0;
  const stop = new AbortController();
  const { got, sink, queue } = setUp((batch) => {
    if (++tries < 12) throw new SinkError("down", { undelivered: batch });
  });
  const numbers = Array.from({ length: 50 }, (_, at) => at);
  await queue.put(numbers.map((number) => item(number, "s")), never);
  await deliverQueue(
    "s",
    sink,
    queue,
    {
      ...QUICK,
      onDelivered: () => queue.waiting("s") === 0 && stop.abort(),
    },
    never,
    stop.signal,
  );
  assert.deepEqual(got.toSorted(), numbers.map((number) => `s ${number}`).toSorted());
});

Deno.test("deliverQueue() takes an error that names nothing to mean the whole batch", async () => {
  let tries = 0;
  const { got, sink, queue } = setUp(() => {
    if (++tries === 1) throw new SinkError("something");
    stop.abort();
  });
  const stop = new AbortController();
  await queue.put([item(1, "s"), item(2, "s")], never);
  await deliverQueue("s", sink, queue, QUICK, stop.signal, never);
  assert.deepEqual(got, ["s 1", "s 2"]);
});

Deno.test("deliverQueue() tries again after whatever a sink throws", async () => {
  const stop = new AbortController();
  let tries = 0;
  const { got, sink, queue } = setUp(() => {
    if (++tries === 1) throw undefined;
    stop.abort();
  });
  const failures: Error[] = [];
  await queue.put([item(1, "s")], never);
  const options = { ...QUICK, onFailure: (error: Error) => void failures.push(error) };
  await deliverQueue("s", sink, queue, options, stop.signal, never);
  assert.deepEqual(got, ["s 1"]);
  assert.match(failures[0]!.message, /undefined was thrown/);
});

Deno.test("deliverQueue() rests when what it held back was dropped by others", async () => {
  const { sink, queue } = setUp((batch) => {
    if (batch.some(({ body }) => text(body) === "s 1")) {
      throw new SinkError("not that one", { undelivered: batch });
    }
  });
  let peeks = 0;
  const counted = {
    ...queue,
    peek: (...args: Parameters<typeof queue.peek>) => {
      peeks++;
      return queue.peek(...args);
    },
  };
  const stop = new AbortController();
  await queue.put([item(1, "s"), item(2, "s")], never);
  const working = deliverQueue("s", sink, counted, QUICK, stop.signal, never);
  while (queue.waiting("s") > 1) await new Promise((resolve) => setTimeout(resolve, 1));
  await queue.remove("s", queue.peek("s", 0, 10));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const before = peeks;
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert(peeks - before < 5, `${peeks - before} looks at an empty queue`);
  stop.abort();
  await working;
});

Deno.test("deliverQueue() tries no delivery alone while the receiver itself is away", async () => {
  const sizes: number[] = [];
  const stop = new AbortController();
  const { got, sink, queue } = setUp((batch) => {
    sizes.push(batch.length);
    if (sizes.length < 8) throw new SinkError("away", { undelivered: batch, away: true });
    queueMicrotask(() => stop.abort());
  });
  await queue.put([item(1, "s"), item(2, "s")], never);
  await deliverQueue("s", sink, queue, QUICK, stop.signal, never);
  assert.deepEqual(sizes, Array(8).fill(2));
  assert.deepEqual(got, ["s 1", "s 2"]);
});

Deno.test("deliverQueue() lets tries and age count for a receiver that is away", async () => {
  const dead: string[] = [];
  const { sink, queue } = setUp((batch) => {
    throw new SinkError("away", { undelivered: batch, away: true });
  }, (bodies) => dead.push(...bodies));
  await queue.put([item(1, "s"), item(2, "s")], never);
  const stop = new AbortController();
  const options = { ...QUICK, maxAttempts: 3, onDead: () => stop.abort() };
  await deliverQueue("s", sink, queue, options, stop.signal, never);
  assert.deepEqual(dead, ["s 1", "s 2"]);
});

Deno.test("deliverQueue() takes away what a sink has confirmed while it goes on with the rest", async () => {
  const { queue } = setUp(() => {});
  const [go, stop] = [Promise.withResolvers<void>(), new AbortController()];
  const waited: number[] = [];
  const sink: Sink = {
    async write(batch, _signal, progress) {
      await progress!(2);
      waited.push(queue.waiting("s"));
      await go.promise;
      // It says nothing of what it had told already.
      throw new SinkError("gone", { undelivered: batch.length > 1 ? batch.slice(3) : batch });
    },
    close: () => Promise.resolve(),
  };
  await queue.put([1, 2, 3, 4, 5].map((number) => item(number, "s")), never);
  const options: WorkerOptions = { ...QUICK, onFailure: () => stop.abort() };
  const working = deliverQueue("s", sink, queue, options, never, stop.signal);
  go.resolve();
  await working;
  assert.deepEqual(waited, [3]);
  assert.deepEqual(queue.peek("s", 0, 9).map(({ body }) => text(body)), ["s 4", "s 5"]);
});

Deno.test("deliverQueue() tries one alone after a failure, and twice as many after each success", async () => {
  const sizes: number[] = [];
  const { sink, queue } = setUp((batch) => {
    if (sizes.push(batch.length) === 1) throw new Error("no answer");
  });
  const stop = new AbortController();
  await queue.put(Array.from({ length: 10 }, (_, number) => item(number, "s")), never);
  const options: WorkerOptions = {
    ...QUICK,
    onDelivered: () => queue.waiting("s") === 0 && stop.abort(),
  };
  await deliverQueue("s", sink, queue, options, stop.signal, never);
  assert.deepEqual(sizes, [10, 1, 2, 4, 3]);
});
