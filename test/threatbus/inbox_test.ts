import assert from "node:assert/strict";
import { createInbox } from "../../src/threatbus/inbox.ts";

Deno.test("Inbox.push() makes the writer wait while it is full, by count or by size", async () => {
  for (const [size, most] of [[1, 2], [50, 100]] as const) {
    const inbox = createInbox<number>(most === 2 ? 2 : 1000, most === 2 ? 1e9 : most, () => size);
    assert.equal(inbox.push([1]), undefined);
    const full = inbox.push([2]);
    assert.ok(full instanceof Promise);
    let free = false;
    full.then(() => free = true);
    await Promise.resolve();
    assert.equal(free, false);
    assert.deepEqual(await inbox.take(1), [1]);
    await full;
  }
});

Deno.test("Inbox.take() waits for values, gives what is left after close, then nothing", async () => {
  const inbox = createInbox<number>(10, 1e9, () => 1);
  const waiting = inbox.take(10);
  inbox.push([1]);
  assert.deepEqual(await waiting, [1]);
  inbox.push([2, 3]);
  inbox.close();
  assert.equal(inbox.push([4]), undefined);
  assert.deepEqual(await inbox.take(1), [2]);
  assert.deepEqual(await inbox.take(10), [3]);
  assert.deepEqual(await inbox.take(10), []);
});

Deno.test("Inbox.take() ends empty when its signal aborts", async () => {
  const inbox = createInbox<number>(10, 1e9, () => 1);
  const stop = new AbortController();
  const waiting = inbox.take(10, stop.signal);
  stop.abort();
  assert.deepEqual(await waiting, []);
});
