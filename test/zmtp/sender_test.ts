import assert from "node:assert/strict";
import { createSender } from "../../src/zmtp/sender.ts";
import type { ByteConnection } from "../../src/zmtp/wire.ts";

/** Takes no bytes, and (as Deno before 2.5) leaves a write pending when it is closed. */
const STUCK: ByteConnection = {
  read: () => Promise.resolve(null),
  write: () => new Promise(() => {}),
  closeWrite: () => Promise.resolve(),
  close: () => {},
};

Deno.test("Sender.fail() ends all waiting, though a write is pending for ever", async () => {
  const sender = createSender(STUCK, undefined, () => assert.fail("nobody was told before"));
  for (let count = 0; count < 10; count++) sender.message([new Uint8Array(10)]);
  const waiting = [sender.drained(5), sender.flushed()];
  assert.equal(sender.pending, 10);
  const gone = new Error("gone");
  sender.fail(gone);
  await Promise.all([...waiting, sender.drained(0), sender.flushed()]);
  assert.equal(sender.failure, gone);
});
