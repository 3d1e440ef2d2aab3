import assert from "node:assert/strict";
import { type Sink, SinkError, type SinkModule, type SinkOptions } from "../../sinks/sink.ts";
import { deliveries, delivery } from "./deliveries.ts";

/** The far end of a sink in a test. */
export interface Receiver {
  readonly options: SinkOptions;
  /** The bodies that arrived, in order; waits until there are at least so many. */
  received(count: number): Promise<string[]>;
  /** Makes the next writes fail (server gone, disk full, child dead); absent where nothing can fail. */
  breakDown?(): Promise<void>;
  /** Makes it work again. */
  recover?(): Promise<void>;
  close(): Promise<void>;
}

/** What the suite needs to know of a sink. */
export interface Subject {
  readonly module: SinkModule;
  readonly start: () => Promise<Receiver>;
  /** Datagrams are not confirmed, so a failure can't be told. */
  readonly unconfirmed?: boolean;
  /** That the far end is gone shows a moment after, and what is written until then is not told. */
  readonly late?: boolean;
}

const never = new AbortController().signal;
export const context = { env: () => undefined };

/** Runs what every sink has to hold. */
export function testConformance(name: string, { module, start, unconfirmed, late }: Subject): void {
  async function use(body: (sink: Sink, receiver: Receiver) => Promise<void>): Promise<void> {
    const receiver = await start();
    try {
      const sink = await module.open(receiver.options, context, never);
      try {
        await body(sink, receiver);
      } finally {
        await sink.close();
      }
    } finally {
      await receiver.close();
    }
  }

  const bodies = (from: number, count: number) =>
    Array.from({ length: count }, (_, at) => `{"n":${from + at}}`);

  Deno.test(`${name} delivers batches whole and in order`, () =>
    use(async (sink, receiver) => {
      await sink.write(deliveries(0, 100), never);
      await sink.write([], never);
      await sink.write(deliveries(100, 1), never);
      assert.deepEqual(await receiver.received(101), bodies(0, 101));
    }));

  Deno.test(`${name} delivers a body of 8 KiB beside small ones`, () =>
    use(async (sink, receiver) => {
      const long = `{"long":"${"ä".repeat(4096)}"}`;
      await sink.write([...deliveries(0, 1), delivery(1, long), ...deliveries(2, 1)], never);
      assert.deepEqual(await receiver.received(3), ['{"n":0}', long, '{"n":2}']);
    }));

  Deno.test(`${name} closes twice without complaint`, () =>
    use(async (sink, receiver) => {
      await sink.write(deliveries(0, 1), never);
      await receiver.received(1);
      await sink.close();
      await sink.close();
    }));

  Deno.test(`${name} says that nothing was delivered when aborted beforehand`, () =>
    use(async (sink) => {
      const batch = deliveries(0, 3);
      const error = await sink.write(batch, AbortSignal.abort()).catch((error) => error);
      assert(error instanceof SinkError, String(error));
      assert.deepEqual(error.undelivered, batch);
    }));

  if (unconfirmed) return;

  Deno.test(`${name} tells what was not delivered, and goes on when the far end is back`, () =>
    use(async (sink, receiver) => {
      if (receiver.breakDown === undefined || receiver.recover === undefined) return;
      await sink.write(deliveries(0, 5), never);
      await receiver.received(5);
      await receiver.breakDown();
      const batch = deliveries(5, 5);
      const limit = AbortSignal.timeout(120_000);
      let error = await sink.write(batch, limit).catch((error) => error);
      while (late && error === undefined) {
        error = await sink.write(batch, limit).catch((error) => error);
      }
      assert(error instanceof SinkError, `expected a SinkError, got ${error}`);
      assert(error.retryable, error.message);
      assert(error.undelivered.length > 0);
      assert.deepEqual(error.undelivered, batch.slice(-error.undelivered.length));
      await receiver.recover();
      await retry(() => sink.write(error.undelivered, never));
      const arrived = await receiver.received(10);
      assert.deepEqual([...new Set(arrived)].sort(), bodies(0, 10).sort());
    }));
}

/** A peer that comes back may need a few tries to be reached; bounded by count, not time. */
async function retry(work: () => Promise<void>): Promise<void> {
  for (let tries = 0;; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === 50 || !(error instanceof SinkError) || !error.retryable) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
