import assert from "node:assert/strict";
import fc from "fast-check";
import { createInbox } from "../../src/threatbus/inbox.ts";
import { listed } from "../../src/zmtp/messages.ts";

const TOPIC = "t";

/** Messages with these first bytes, each of so many bytes. */
const some = (bytes: readonly number[], size = 1) =>
  listed(bytes.map((byte) => [new Uint8Array(size).fill(byte)]));

async function taken(taking: Promise<readonly { messages: Iterable<readonly Uint8Array[]> }[]>) {
  return (await taking).flatMap(({ messages }) => [...messages].map(([frame]) => frame![0]));
}

Deno.test("Inbox.push() makes the writer wait while it is full, by count or by size", async () => {
  for (const [size, most, bytes] of [[1, 2, 1e9], [50, 1000, 100]] as const) {
    const inbox = createInbox(most, bytes);
    assert.equal(inbox.push(some([1], size), TOPIC), undefined);
    const full = inbox.push(some([2], size), TOPIC);
    assert.ok(full instanceof Promise);
    let free = false;
    full.then(() => free = true);
    await Promise.resolve();
    assert.equal(free, false);
    assert.deepEqual(await taken(inbox.take(1)), [1]);
    await full;
  }
});

Deno.test("Inbox.take() gives all messages in order with their topics, whatever the batches, and the bounds hold", async () => {
  const batch = fc.record({
    length: fc.nat(5),
    size: fc.nat(30),
    topic: fc.constantFrom("a", "b"),
  });
  const run = fc.array(fc.oneof(batch, fc.integer({ min: 1, max: 7 })), { maxLength: 40 });
  await fc.assert(fc.asyncProperty(run, async (steps) => {
    const inbox = createInbox(8, 100);
    const model: { id: number; size: number; topic: string }[] = [];
    let id = 0;
    for (const step of steps) {
      if (typeof step === "number") {
        if (model.length === 0) continue;
        const arrivals = await inbox.take(step);
        const got = arrivals.flatMap(({ messages, topic }) =>
          [...messages].map(([frame]) => ({ size: frame!.length, topic }))
        );
        assert.deepEqual(got, model.splice(0, step).map(({ size, topic }) => ({ size, topic })));
      } else {
        const ids = Array.from({ length: step.length }, () => id++ & 0xff);
        model.push(...ids.map((id) => ({ id, size: step.size, topic: step.topic })));
        const room = inbox.push(some(ids, step.size), step.topic);
        const bytes = model.reduce((sum, { size }) => sum + size, 0);
        assert.equal(room !== undefined, model.length >= 8 || bytes >= 100);
      }
      assert.equal(inbox.length, model.length);
    }
  }));
});

Deno.test("Inbox.take() waits for messages, gives what is left after close, then nothing", async () => {
  const inbox = createInbox(10, 1e9);
  const waiting = inbox.take(10);
  inbox.push(some([1]), TOPIC);
  assert.deepEqual(await taken(waiting), [1]);
  inbox.push(some([2, 3]), TOPIC);
  inbox.close();
  assert.equal(inbox.push(some([4]), TOPIC), undefined);
  assert.deepEqual(await taken(inbox.take(1)), [2]);
  assert.deepEqual(await taken(inbox.take(10)), [3]);
  assert.deepEqual(await inbox.take(10), []);
});

Deno.test("Inbox.take() ends empty when its signal aborts", async () => {
  const inbox = createInbox(10, 1e9);
  const stop = new AbortController();
  const waiting = inbox.take(10, stop.signal);
  stop.abort();
  assert.deepEqual(await waiting, []);
});
